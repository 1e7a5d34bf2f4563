-- Deleted calls of which no file holds anything. A Day that is put back as a backup had it brings them back:
-- each start looks for them, until the Day expires.
CREATE TABLE cleared (
  call_id INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL
) STRICT;
