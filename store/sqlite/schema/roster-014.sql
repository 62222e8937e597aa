-- Contacts may be merged. Earlier versions do not know other names of a contact, nor
-- what a merged contact keeps of its parts: they must not open this file.
CREATE TABLE names (
	key         TEXT NOT NULL PRIMARY KEY,
	contact     TEXT NOT NULL,
	merged_into TEXT NOT NULL,
	batch       INTEGER NOT NULL,
	at          INTEGER NOT NULL,
	seq         INTEGER NOT NULL,
	id          INTEGER NOT NULL,
	known       INTEGER NOT NULL,
	ledger      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX names_by_contact ON names (contact);

CREATE TABLE name_lists (
	key  TEXT NOT NULL,
	list TEXT NOT NULL,
	PRIMARY KEY (key, list)
) STRICT, WITHOUT ROWID;

CREATE TABLE name_pins (
	key     TEXT NOT NULL,
	segment TEXT NOT NULL,
	out     INTEGER NOT NULL,
	at      INTEGER NOT NULL,
	by      TEXT NOT NULL,
	note    TEXT NOT NULL,
	PRIMARY KEY (key, segment)
) STRICT, WITHOUT ROWID;

CREATE TABLE merges (
	batch INTEGER NOT NULL REFERENCES batches(id),
	old   TEXT NOT NULL,
	new   TEXT NOT NULL,
	PRIMARY KEY (batch, old)
) STRICT, WITHOUT ROWID;
