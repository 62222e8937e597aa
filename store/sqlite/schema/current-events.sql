-- The log: the file winnow-events.db.
-- The tables as they are after all migrations: what they hold, and who writes them. A new
-- file is made by this; one of an earlier version by the files events-NNN.sql that it lacks. A
-- test compares the two, and another one finds the writers.

-- What providers said, in the order winnow received it.
-- Written by logWriter.AppendEvents, logWriter.SetOutcomes, which reclassifying calls,
-- logWriter.Prune, which retention calls, and logWriter.EraseEvents, which forgetting calls.
CREATE TABLE events (
	seq         INTEGER PRIMARY KEY AUTOINCREMENT, -- never given out twice
	received_at INTEGER NOT NULL,                  -- microseconds since 1970 UTC, as all times
	at          INTEGER,                           -- the provider's time, or an archive's; NULL: received_at, by this log's clock
	source      TEXT NOT NULL,
	message_id  TEXT NOT NULL,
	event       TEXT NOT NULL,                     -- the provider's word
	code        TEXT NOT NULL,                     -- the provider's code, '' for none
	outcome     TEXT NOT NULL,                     -- winnow's word
	contact     TEXT NOT NULL,                     -- the contact's key, '' when not known
	body        BLOB NOT NULL,                     -- the object as received; empty once retention deleted it
	phone       TEXT NOT NULL DEFAULT ''           -- the number that the body names, in E.164; '' for none
) STRICT;

-- Bodies that could not be read, or verified. Bounded: the oldest are deleted first.
-- Written by logWriter.Quarantine and logWriter.Unquarantine.
CREATE TABLE quarantine (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	received_at INTEGER NOT NULL,
	source      TEXT NOT NULL,
	why         TEXT NOT NULL,
	body        BLOB NOT NULL,
	request     TEXT NOT NULL DEFAULT ''           -- the rest of a callback that was not verified, as JSON
) STRICT;

-- One row: how many bodies are in quarantine, and how many bytes they have together.
-- Written by logWriter.countQuarantined.
CREATE TABLE quarantine_size (
	id     INTEGER PRIMARY KEY,
	bodies INTEGER NOT NULL,
	bytes  INTEGER NOT NULL
) STRICT;
INSERT INTO quarantine_size (id, bodies, bytes) VALUES (1, 0, 0);

-- What retention deleted from the log: of each kind and source, how much, and up to
-- which receipt.
-- Written by logWriter.notePruned.
CREATE TABLE pruned (
	kind    TEXT NOT NULL,          -- events, bodies, quarantine, unmatched
	source  TEXT NOT NULL,
	n       INTEGER NOT NULL,       -- ever
	through INTEGER NOT NULL,       -- receipt of the latest one that was deleted
	PRIMARY KEY (kind, source)
) STRICT, WITHOUT ROWID;

-- Pieces of the log, as retention saw them last, so that it does not look at all of the
-- log to find what is old enough.
-- Written by logWriter.savePiece, which logWriter.Prune calls.
CREATE TABLE pieces (
	piece       INTEGER PRIMARY KEY, -- seq / engine.PieceSeqs
	through     INTEGER NOT NULL,   -- seq up to which it was looked at
	oldest      INTEGER NOT NULL,   -- receipt of its oldest event that waits for its age; 0 for none
	oldest_body INTEGER NOT NULL,   -- of its oldest such event that has a body; 0 for none
	kept        INTEGER NOT NULL,   -- events that are old enough and were needed
	looked_at   INTEGER NOT NULL
) STRICT;

-- One row, once retention has run.
-- Written by logWriter.EndPruning and logWriter.Prune.
CREATE TABLE retention (
	id        INTEGER PRIMARY KEY,
	first_seq INTEGER NOT NULL,     -- of the first event that the log ever had
	ended_at  INTEGER NOT NULL      -- of the last pass that got to the end; 0 for none
) STRICT;

-- Where bodies in quarantine stand among the lines of the log, which other hosts pull: after
-- each commit that put some there, how many lines there were. They come after the events
-- of that commit, see store/lines.
-- Written by logWriter.Quarantine; logWriter.EndPruning deletes those before what is left.
CREATE TABLE places (
	n           INTEGER PRIMARY KEY, -- events and bodies up to there
	quarantined INTEGER NOT NULL     -- bodies up to there
) STRICT;

-- The processes that appended lines, each with a random name.
-- Written by logWriter.BeginWriter, which Appender.write calls.
CREATE TABLE writers (
	first  INTEGER PRIMARY KEY,      -- its first line
	writer TEXT NOT NULL
) STRICT;

-- How far the logs of receivers were pulled, in the commits of what was pulled.
-- Written by logWriter.Pull, which Appender.write calls.
CREATE TABLE pulled (
	writer      TEXT PRIMARY KEY,
	receiver    TEXT NOT NULL,       -- its URL in the config
	n           INTEGER NOT NULL,    -- the line up to which
	received_at INTEGER NOT NULL,    -- receipt of that line
	turn        INTEGER NOT NULL     -- a later writer of a receiver has a greater one
) STRICT, WITHOUT ROWID;

-- One row, written to see whether the disk still accepts writes.
-- Written by logWriter.Probe.
CREATE TABLE probe (
	id INTEGER PRIMARY KEY,
	at INTEGER NOT NULL
) STRICT;
