-- The log: what providers said, in the order winnow heard it. Append-only.
-- Written by Appender.commit, which the receiver, imports and Store.Reclassify call.
CREATE TABLE events (
	seq         INTEGER PRIMARY KEY AUTOINCREMENT, -- never given out twice
	received_at INTEGER NOT NULL,                  -- microseconds since 1970 UTC, as all times
	at          INTEGER,                           -- the provider's time; NULL: received_at
	source      TEXT NOT NULL,
	message_id  TEXT NOT NULL,
	event       TEXT NOT NULL,                     -- the provider's word
	code        TEXT NOT NULL,                     -- the provider's code, '' for none
	outcome     TEXT NOT NULL,                     -- winnow's word
	contact     TEXT NOT NULL,                     -- the contact's key, '' when not known
	body        BLOB NOT NULL                      -- the object as received
) STRICT;

-- What could not be read. Bounded: the oldest go first.
-- Written by Appender.commit.
CREATE TABLE quarantine (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	received_at INTEGER NOT NULL,
	source      TEXT NOT NULL,
	why         TEXT NOT NULL,
	body        BLOB NOT NULL,
	total       INTEGER NOT NULL                   -- bytes of all bodies up to this one, ever
) STRICT;

-- One row, written to see whether the disk still takes it.
-- Written by Appender.commit.
CREATE TABLE probe (
	id INTEGER PRIMARY KEY,
	at INTEGER NOT NULL
) STRICT;
