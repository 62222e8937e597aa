-- Persons who are being forgotten. Earlier versions would sweep what is being erased: they
-- must not open this file.
CREATE TABLE erasures (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	at      INTEGER NOT NULL,
	exports INTEGER NOT NULL,
	subject TEXT NOT NULL,
	begun   INTEGER NOT NULL,
	seq     INTEGER NOT NULL
) STRICT;
CREATE TABLE erasure_texts (
	erasure INTEGER NOT NULL,
	kind    TEXT NOT NULL,
	source  TEXT NOT NULL,
	text    TEXT NOT NULL,
	PRIMARY KEY (erasure, kind, source, text)
) STRICT, WITHOUT ROWID;
