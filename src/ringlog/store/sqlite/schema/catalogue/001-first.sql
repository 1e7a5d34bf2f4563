CREATE TABLE account (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  email TEXT NOT NULL,
  email_key TEXT NOT NULL UNIQUE,        -- the email without regard to case
  active INTEGER NOT NULL,
  created_us INTEGER NOT NULL
) STRICT;

CREATE TABLE developer_key (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account (id),
  digest BLOB NOT NULL,                  -- SHA-256 of the key's text
  scopes INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  expires_us INTEGER,
  last_used_us INTEGER
) STRICT;
CREATE INDEX developer_key_of ON developer_key (account_id);

-- Names of applications and versions.
CREATE TABLE label (
  id INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL,
  text TEXT NOT NULL,
  UNIQUE (account_id, text)
) STRICT;

-- What is known of each Day, whether or not it has a file.
CREATE TABLE day (
  day INTEGER PRIMARY KEY,               -- days since 1970 (UTC)
  state INTEGER NOT NULL DEFAULT 0,      -- 0 open, 1 expiring (the mark), 2 expired
  next_n INTEGER NOT NULL DEFAULT 0,     -- the next call of this Day
  gone_n INTEGER NOT NULL DEFAULT 0,     -- calls below this one have lost their details
  max_start_s INTEGER NOT NULL           -- no call of this Day starts later
) STRICT;

-- The call index. It outlives the details and keeps no text of any entry but `first_error`, which goes
-- in the commit that drops the call's chunks.
CREATE TABLE call (
  id INTEGER PRIMARY KEY,                -- day << 32 | n
  account_id INTEGER NOT NULL,
  session_id TEXT NOT NULL,
  start_s INTEGER NOT NULL,
  start_from INTEGER NOT NULL,           -- 0 receipt, 1 earliest entry, 2 a row
  end_s INTEGER,
  last_received_us INTEGER NOT NULL,
  src ANY,                               -- model.number_key: integer or text
  src_text TEXT,                         -- only where the key does not give the text back
  dest ANY,
  dest_text TEXT,
  type INTEGER,                          -- NULL: no row said
  application_id INTEGER REFERENCES label (id),
  version_id INTEGER REFERENCES label (id),
  entries INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  dropped INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  capped INTEGER NOT NULL,               -- 1: among the entries is the one that says so
  first_us INTEGER,
  last_us INTEGER,
  ended_by INTEGER,
  cause INTEGER,
  part_of INTEGER,
  deleted INTEGER NOT NULL,
  next_arrival INTEGER NOT NULL,
  sealed_arrival INTEGER NOT NULL,       -- entries up to here lie in the Day; 0: none
  first_error_us INTEGER,
  first_error TEXT
) STRICT;
CREATE UNIQUE INDEX call_session ON call (account_id, session_id);
CREATE INDEX call_list ON call (account_id, start_s DESC, session_id);

-- Entries of one call that arrived together from one source, by seq.
CREATE TABLE chunk (
  id INTEGER PRIMARY KEY,
  call_id INTEGER NOT NULL,
  source TEXT NOT NULL,
  min_seq INTEGER NOT NULL,
  max_seq INTEGER NOT NULL,
  last_arrival INTEGER NOT NULL,
  received_us INTEGER NOT NULL,
  meta BLOB NOT NULL,                    -- per entry: seq, time_us, arrival, length
  text BLOB NOT NULL                     -- the entries' JSON, joined by commas
) STRICT;
CREATE INDEX chunk_of ON chunk (call_id, source, max_seq);
