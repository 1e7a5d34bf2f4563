-- Sessions that were deleted, so that what comes late for one is refused. Nothing else stays of such a call.
CREATE TABLE tombstone (
  account_id INTEGER NOT NULL,
  digest BLOB NOT NULL,                  -- SHA-256 of the session id
  deleted_s INTEGER NOT NULL,
  PRIMARY KEY (account_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_age ON tombstone (deleted_s);

-- Calls on their way out: the catalogue has dropped them, files may still hold their bytes.
CREATE TABLE deletion (
  call_id INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL,
  application_id INTEGER,                -- labels that may have lost their last call
  version_id INTEGER
) STRICT;

-- Accounts on their way out: nobody can log in to them, calls of theirs may be left.
CREATE TABLE leaving (
  account_id INTEGER PRIMARY KEY
) STRICT;
