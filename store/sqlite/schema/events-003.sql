-- What retention deleted from the log: of each kind and source, how much, and up to
-- which receipt.
CREATE TABLE pruned (
	kind    TEXT NOT NULL,
	source  TEXT NOT NULL,
	n       INTEGER NOT NULL,
	through INTEGER NOT NULL,
	PRIMARY KEY (kind, source)
) STRICT, WITHOUT ROWID;

-- Pieces of the log, as retention saw them last, so that it does not look at all of the
-- log to find what is old enough.
CREATE TABLE pieces (
	piece       INTEGER PRIMARY KEY,
	through     INTEGER NOT NULL,
	oldest      INTEGER NOT NULL,
	oldest_body INTEGER NOT NULL,
	kept        INTEGER NOT NULL,
	looked_at   INTEGER NOT NULL
) STRICT;

-- One row, once retention has run.
CREATE TABLE retention (
	id        INTEGER PRIMARY KEY,
	first_seq INTEGER NOT NULL,
	ended_at  INTEGER NOT NULL
) STRICT;
