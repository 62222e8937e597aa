-- Phone numbers as subjects of their own.
CREATE TABLE numbers (
	id     INTEGER PRIMARY KEY,
	phone  TEXT NOT NULL UNIQUE,
	ledger INTEGER NOT NULL,
	facts  BLOB NOT NULL
) STRICT;

CREATE TABLE former_numbers (
	phone   TEXT NOT NULL,
	contact INTEGER NOT NULL,
	PRIMARY KEY (phone, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX former_numbers_by_contact ON former_numbers (contact);

CREATE TABLE unplaced (
	contact INTEGER PRIMARY KEY,
	asks    INTEGER NOT NULL
) STRICT;

-- What earlier versions kept with contacts may lie on their numbers. A contact of which
-- nothing but its profile is known has facts of 7 bytes; keys of format 2 are numbers.
INSERT INTO unplaced (contact, asks)
	SELECT id, 0 FROM contacts WHERE phone IS NOT NULL AND length(facts) > 7
	AND NOT EXISTS (SELECT 1 FROM counters WHERE name = 'key_format' AND value = 2);
