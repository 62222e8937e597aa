-- What stays of persons who were forgotten: keyed hashes, from which nobody can be read.
CREATE TABLE forgotten_secret (
	id     INTEGER PRIMARY KEY,
	secret BLOB NOT NULL
) STRICT;
CREATE TABLE forgotten (
	hash    BLOB NOT NULL,
	person  INTEGER NOT NULL,
	reason  TEXT NOT NULL,
	since   INTEGER NOT NULL,
	until   INTEGER NOT NULL,
	of_number INTEGER NOT NULL,
	named   INTEGER NOT NULL,
	subject INTEGER NOT NULL,
	PRIMARY KEY (hash, person, reason)
) STRICT, WITHOUT ROWID;
CREATE INDEX forgotten_by_person ON forgotten (person);
CREATE TABLE forgotten_messages (
	hash   BLOB NOT NULL,
	person INTEGER NOT NULL,
	PRIMARY KEY (hash, person)
) STRICT, WITHOUT ROWID;
CREATE TABLE holds (
	contact TEXT NOT NULL PRIMARY KEY,
	at      INTEGER NOT NULL,
	by      TEXT NOT NULL,
	note    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
