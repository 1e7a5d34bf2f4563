-- The terms each call is found by (ringlog.terms), blanks between them. Only the index of them is kept.
-- Its rowid is the call's n. Taking terms out needs exactly the ones that were put in, and leaves no trace
-- in the file: with contentless_delete it would.
CREATE VIRTUAL TABLE term USING fts5 (
  words, facets, content = '', detail = none, columnsize = 0, tokenize = "ascii tokenchars ':_'"
);
INSERT INTO term (term, rank) VALUES ('secure-delete', 1);

-- Which function made the terms; no row: none were made of the frames that are here.
CREATE TABLE term_version (version TEXT NOT NULL) STRICT;
