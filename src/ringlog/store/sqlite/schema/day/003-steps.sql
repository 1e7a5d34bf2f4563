-- Where callers go and where they leave (ringlog.walk): calls counted while they are sealed. Steps above
-- an application's share of rows are counted in the row whose step is empty. No row has a count of 0.
CREATE TABLE steps (
  account_id INTEGER NOT NULL,
  application_id INTEGER NOT NULL,       -- a label of the catalogue; 0: none
  step TEXT NOT NULL,
  reached INTEGER NOT NULL,              -- calls
  left_there INTEGER NOT NULL,           -- calls whose caller hung up there
  PRIMARY KEY (account_id, application_id, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE moves (
  account_id INTEGER NOT NULL,
  application_id INTEGER NOT NULL,
  from_step TEXT NOT NULL,
  to_step TEXT NOT NULL,
  calls INTEGER NOT NULL,
  PRIMARY KEY (account_id, application_id, from_step, to_step)
) STRICT, WITHOUT ROWID;

-- Which rules made the steps; no row: the frames that are here are not counted.
CREATE TABLE step_version (version INTEGER NOT NULL) STRICT;

-- What a frame was counted in. Without both, nobody could take it out again.
ALTER TABLE frame ADD COLUMN application_id INTEGER;  -- NULL: it is not counted
ALTER TABLE frame ADD COLUMN others BLOB;             -- which of its steps and moves found no row: a bit each
