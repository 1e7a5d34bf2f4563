-- A sealed call's detail.
CREATE TABLE frame (
  call_id INTEGER PRIMARY KEY,
  arrival INTEGER NOT NULL,              -- entries up to here are in it
  first_error_us INTEGER,
  first_error TEXT,
  frame BLOB NOT NULL
) STRICT;
