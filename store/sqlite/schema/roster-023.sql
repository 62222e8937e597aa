-- Messages that were sent and had no terminal event by the last review.
-- Written by Save of package silence, which Store.CountSilent calls.
CREATE TABLE silent_messages (
	source   TEXT NOT NULL,
	day      INTEGER NOT NULL, -- of the sending: days since 1970 in UTC
	messages INTEGER NOT NULL,
	PRIMARY KEY (source, day)
) STRICT, WITHOUT ROWID;

-- One row: when these were counted, and how long after its sending a message was silent.
-- Written by Save of package silence, which Store.CountSilent calls.
CREATE TABLE silence_counted (
	id    INTEGER PRIMARY KEY,
	at    INTEGER NOT NULL,
	after INTEGER NOT NULL -- nanoseconds
) STRICT;
