-- Log-ins of the console. One ends with its key, and so with its account.
CREATE TABLE login (
  digest BLOB PRIMARY KEY,               -- SHA-256 of the cookie's token
  key_id INTEGER NOT NULL REFERENCES developer_key (id),
  expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_of ON login (key_id);
CREATE INDEX login_age ON login (expires_us);
