-- After each commit that put bodies into quarantine: how many lines the log had, and how
-- many of them were such bodies.
CREATE TABLE places (
	n           INTEGER PRIMARY KEY,
	quarantined INTEGER NOT NULL
) STRICT;

INSERT INTO places (n, quarantined) SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0) + seq, seq FROM sqlite_sequence WHERE name = 'quarantine' AND seq > 0;

-- Who appended lines: from which line on.
CREATE TABLE writers (
	first  INTEGER PRIMARY KEY,
	writer TEXT NOT NULL
) STRICT;

INSERT INTO writers (first, writer) SELECT 1, lower(hex(randomblob(16))) WHERE EXISTS (SELECT 1 FROM sqlite_sequence);

-- How far the logs of receivers were pulled, by their writers.
CREATE TABLE pulled (
	writer      TEXT PRIMARY KEY,
	receiver    TEXT NOT NULL,
	n           INTEGER NOT NULL,
	received_at INTEGER NOT NULL,
	turn        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
