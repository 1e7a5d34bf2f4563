-- The call index in two thirds of the bytes. Times are differences from the call's start, small codes share one
-- column, and the session id is out of the list's index (SQLite sorts the few calls of one second itself).
-- What is computed reads by the name it had.
CREATE TABLE small_call (
  id INTEGER PRIMARY KEY,                -- day << 32 | n
  account_id INTEGER NOT NULL,
  session_id TEXT NOT NULL,
  start_s INTEGER NOT NULL,
  lasts_s INTEGER,                       -- from the start to the end
  last_after_us INTEGER,                 -- from the start to the last entry
  received_after_s INTEGER NOT NULL,     -- from the start to the last receipt, rounded up
  codes INTEGER NOT NULL,                -- start_from | type << 2 | ended_by << 4 | capped << 8
  src ANY,                               -- model.number_key: integer or text
  src_text TEXT,                         -- only where the key does not give the text back
  dest ANY,
  dest_text TEXT,
  application_id INTEGER REFERENCES label (id),
  version_id INTEGER REFERENCES label (id),
  entries INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  dropped INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  cause INTEGER,
  part_of INTEGER,
  deleted INTEGER NOT NULL,
  skipped INTEGER NOT NULL,              -- arrival numbers that no entry has
  sealed_arrival INTEGER NOT NULL,       -- entries up to here lie in the Day; 0: none
  first_error_us INTEGER,
  first_error TEXT,
  start_from INTEGER AS (codes & 3) VIRTUAL,                  -- 0 receipt, 1 earliest entry, 2 a row
  type INTEGER AS (nullif((codes >> 2) & 3, 0)) VIRTUAL,        -- NULL: no row said
  ended_by INTEGER AS (nullif((codes >> 4) & 15, 0)) VIRTUAL,
  capped INTEGER AS (codes >> 8) VIRTUAL,                     -- 1: among the entries is the one that says so
  end_s INTEGER AS (start_s + lasts_s) VIRTUAL,
  last_received_us INTEGER AS ((start_s + received_after_s) * 1000000) VIRTUAL,
  -- To the second, and only where it gave the start: nobody asks for it otherwise.
  first_us INTEGER AS (CASE codes & 3 WHEN 1 THEN start_s * 1000000 END) VIRTUAL,
  last_us INTEGER AS (start_s * 1000000 + last_after_us) VIRTUAL,
  next_arrival INTEGER AS (entries + skipped + 1) VIRTUAL
) STRICT;
INSERT INTO small_call
  SELECT id, account_id, session_id, start_s, end_s - start_s, last_us - start_s * 1000000,
    (last_received_us + 999999) / 1000000 - start_s,
    start_from | (ifnull(type, 0) << 2) | (ifnull(ended_by, 0) << 4) | (capped << 8),
    src, src_text, dest, dest_text, application_id, version_id, entries, errors, dropped, bytes, cause, part_of,
    deleted, next_arrival - entries - 1, sealed_arrival, first_error_us, first_error
  FROM call ORDER BY id;
DROP TABLE call;
ALTER TABLE small_call RENAME TO call;
CREATE UNIQUE INDEX call_session ON call (account_id, session_id);
CREATE INDEX call_list ON call (account_id, start_s);
