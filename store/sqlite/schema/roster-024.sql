-- When something of a source was received for the first and the last time.
-- Written by Note of package quiet, which Store.Sweep calls.
CREATE TABLE sources_seen (
	source TEXT NOT NULL PRIMARY KEY,
	first  INTEGER NOT NULL,
	last   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The longest time without an event of a source that ended on a day; of some weeks.
-- Written by Note of package quiet, which Store.Sweep calls.
CREATE TABLE source_gaps (
	source TEXT NOT NULL,
	day    INTEGER NOT NULL, -- days since 1970 in UTC
	gap    INTEGER NOT NULL, -- nanoseconds
	PRIMARY KEY (source, day)
) STRICT, WITHOUT ROWID;
