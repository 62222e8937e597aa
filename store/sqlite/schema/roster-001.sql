-- Whom the CRM knows. Ordered by key for exports through its unique index.
-- Written by pen.write, which the sweep, the review, registrations, imports and operators call.
CREATE TABLE contacts (
	id         INTEGER PRIMARY KEY,
	key        TEXT NOT NULL UNIQUE,
	phone      TEXT,                -- E.164
	attributes BLOB,                -- packed, see hygiene.Attributes.Pack
	ledger     INTEGER NOT NULL,    -- id of the contact's latest ledger entry, 0 for none
	facts      BLOB NOT NULL        -- packed, see hygiene.Contact.Pack
) STRICT;

-- The message of a contact's retry, apart so that contacts stay small.
-- Written by pen.write.
CREATE TABLE retries (
	contact     INTEGER PRIMARY KEY REFERENCES contacts(id),
	message_id  TEXT NOT NULL,
	unique_args BLOB                -- JSON object; NULL when there was none
) STRICT;

-- Every change to a contact, never rewritten. A contact's entries are a chain
-- from its latest back, so that adding one touches no index.
-- Written by pen.write.
CREATE TABLE ledger (
	id       INTEGER PRIMARY KEY,
	contact  INTEGER NOT NULL,
	prev     INTEGER NOT NULL,      -- the contact's entry before, 0 for none
	at       INTEGER NOT NULL,      -- when it took effect
	seq      INTEGER NOT NULL,      -- the event that brought it about, or the log's end then
	act      TEXT NOT NULL,
	reason   TEXT NOT NULL,         -- of the suppression, or the tag
	hand     TEXT NOT NULL,         -- rule, operator, import
	until    INTEGER NOT NULL,      -- of the suppression, or when the retry is due; 0 for good
	attempt  INTEGER NOT NULL,
	rule     TEXT NOT NULL,
	policy   INTEGER NOT NULL,      -- policies.id in force
	evidence TEXT NOT NULL,         -- seq of the entries counted, joined with ','
	by       TEXT NOT NULL,
	note     TEXT NOT NULL,
	batch    INTEGER NOT NULL,      -- batches.id of the act by hand, 0 for none
	held     INTEGER NOT NULL       -- trips.id that the suppression waits for, 0 for none
) STRICT;

-- Whose verdicts wait for a trip. Entries that wait for none are not in it.
CREATE INDEX ledger_held ON ledger (held, contact) WHERE held <> 0;

-- Acts by hand on many contacts, so that each can be told of and undone.
-- Written by saveBatch, which Store.batchStep and Store.endBatch call.
CREATE TABLE batches (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	at       INTEGER NOT NULL,
	kind     TEXT NOT NULL,         -- suppress, allow, undo, rejudge, reclassify, release, discard, import
	by       TEXT NOT NULL,
	note     TEXT NOT NULL,
	about    TEXT NOT NULL,         -- what was asked for, in words
	undoes   INTEGER NOT NULL,      -- the batch that this one undoes, 0 for none
	undone   INTEGER NOT NULL,      -- the batch that undid this one, 0 for none; see Batch
	contacts INTEGER NOT NULL,      -- changed
	changes  INTEGER NOT NULL,      -- ledger entries
	done     INTEGER NOT NULL       -- 0: under way, or cut short
) STRICT;

-- What the batches that strike evidence tell, for contacts that come to be known
-- only later. Written by keepStrike, which saveBatch and Store.Strike call.
CREATE TABLE strikes (
	batch   INTEGER PRIMARY KEY REFERENCES batches(id),
	at      INTEGER NOT NULL,       -- when it was told
	seq     INTEGER NOT NULL,       -- the log's end then: what was recorded later is not struck
	reason  TEXT NOT NULL,          -- here and in what follows, empty or 0 narrows nothing
	rule    TEXT NOT NULL,
	since   INTEGER NOT NULL,       -- of events from this time on
	until   INTEGER NOT NULL,       -- to this one, included
	source  TEXT NOT NULL,
	code    TEXT NOT NULL,
	outcome TEXT NOT NULL,
	held    INTEGER NOT NULL        -- trips.id; and all that waits for it
) STRICT;

-- What breakers hold: surges of an outcome at a source.
-- Written by tripping, which the sweep calls, Store.beginReview and Store.settleTrip.
CREATE TABLE trips (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	source   TEXT NOT NULL,
	outcome  TEXT NOT NULL,
	since    INTEGER NOT NULL,      -- receipt of the first event that was held
	until    INTEGER NOT NULL,      -- receipt of the last one
	window   INTEGER NOT NULL,      -- the breaker's, in microseconds
	from_seq INTEGER NOT NULL,
	to_seq   INTEGER NOT NULL,
	events   INTEGER NOT NULL,      -- held
	share    INTEGER NOT NULL,      -- the highest that one of them met, in millionths
	state    TEXT NOT NULL,         -- held, released, discarded
	reviewed_at INTEGER NOT NULL,   -- 0 while it waits
	by       TEXT NOT NULL,
	batch    INTEGER NOT NULL       -- batches.id of its review, from when that begins; 0 for none
) STRICT;

-- How many events each source had in each second of the breakers' windows, and
-- how many of them were of the outcome.
-- Written by surge.save, which the sweep calls.
CREATE TABLE surges (
	source  TEXT NOT NULL,
	outcome TEXT NOT NULL,
	second  INTEGER NOT NULL,       -- of the receipt, since 1970
	events  INTEGER NOT NULL,
	matches INTEGER NOT NULL,
	PRIMARY KEY (source, outcome, second)
) STRICT, WITHOUT ROWID;

-- The text of every policy that judged.
-- Written by Store.KeepPolicy, which serve and the commands call before they act.
CREATE TABLE policies (
	id      INTEGER PRIMARY KEY,
	hash    TEXT NOT NULL UNIQUE,
	text    TEXT NOT NULL,
	first_used_at INTEGER NOT NULL
) STRICT;

-- The send log: whom a message was for.
-- Written by Store.Register, which the API and imports call.
CREATE TABLE messages (
	message_id TEXT NOT NULL PRIMARY KEY,
	contact    TEXT NOT NULL,       -- the contact's key
	sent_at    INTEGER NOT NULL     -- 0 when not said
) STRICT, WITHOUT ROWID;

-- Events whose contact is not known yet.
-- Written by pen.match, which the sweep calls, and Store.Register.
CREATE TABLE unmatched (
	message_id TEXT NOT NULL,
	seq        INTEGER NOT NULL,
	held       INTEGER NOT NULL,    -- trips.id, 0 for none
	PRIMARY KEY (message_id, seq)
) STRICT, WITHOUT ROWID;

-- Events whose contact came to be known, waiting for the next sweep.
-- Written by Store.Register and claim, which the sweep calls.
CREATE TABLE matched (
	seq  INTEGER PRIMARY KEY,
	held INTEGER NOT NULL           -- trips.id, 0 for none
) STRICT;

-- Outcomes that reclassifying gave to events in their contacts' histories, and
-- the log may not have yet.
-- Written by pen.putPending and Store.forgetPending, which Store.Reclassify calls.
CREATE TABLE rewordings (
	seq     INTEGER PRIMARY KEY,
	outcome TEXT NOT NULL
) STRICT;

-- How many contacts turn to which status when, to the second: adding up all
-- until now counts contacts by status without looking at one.
-- Written by tally.save.
CREATE TABLE tally (
	at  INTEGER NOT NULL,           -- in seconds; 0: what contacts are from the beginning
	was INTEGER NOT NULL,           -- hygiene.Status; 0 for none
	now INTEGER NOT NULL,
	n   INTEGER NOT NULL,
	PRIMARY KEY (at, was, now)
) STRICT, WITHOUT ROWID;

-- Executions of exports; a scheduled time of an export happens once.
-- Written by putRun, which Store.BeginRun, Store.ReadyRun and Store.EndRun call.
CREATE TABLE runs (
	id           INTEGER PRIMARY KEY, -- in the order in which they were begun
	export       TEXT NOT NULL,
	scheduled_at INTEGER NOT NULL,
	status       TEXT NOT NULL,
	as_of        INTEGER NOT NULL,
	finished_at  INTEGER NOT NULL,
	through_seq  INTEGER NOT NULL,
	policy       TEXT NOT NULL,
	error        TEXT NOT NULL,
	UNIQUE (export, scheduled_at)
) STRICT;

-- What a run holds of each segment that is whole in it: what later runs are
-- compared with, and no more.
-- Written by putParts, which Store.ReadyRun calls.
CREATE TABLE parts (
	export       TEXT NOT NULL,
	scheduled_at INTEGER NOT NULL,    -- of the run
	segment      TEXT NOT NULL,
	rows         INTEGER NOT NULL,
	members      INTEGER NOT NULL,    -- 1: a list of the members is kept, see Store.CreateMembers
	PRIMARY KEY (export, scheduled_at, segment)
) STRICT, WITHOUT ROWID;

-- Up to which times each job has been seen to; the latest few hundred.
-- Written by Store.Keep, which the schedule calls.
CREATE TABLE jobs (
	name TEXT NOT NULL,
	at   INTEGER NOT NULL,
	PRIMARY KEY (name, at)
) STRICT, WITHOUT ROWID;

-- Who is on which static list. A list's contacts lie in byte order, as a run
-- goes through them.
-- Written by pen.putOnList, which Store.AddToList and Store.RemoveFromList call.
CREATE TABLE lists (
	list    TEXT NOT NULL,
	contact TEXT NOT NULL,          -- the contact's key
	PRIMARY KEY (list, contact)
) STRICT, WITHOUT ROWID;

-- Whom people put in a segment, or out of it, by hand.
-- Written by pen.setPin, which Store.Pin and Store.Unpin call.
CREATE TABLE pins (
	contact TEXT NOT NULL,          -- the contact's key
	segment TEXT NOT NULL,
	out     INTEGER NOT NULL,       -- 0: in
	at      INTEGER NOT NULL,
	by      TEXT NOT NULL,
	note    TEXT NOT NULL,
	PRIMARY KEY (contact, segment)
) STRICT, WITHOUT ROWID;

-- Numbers of the whole: see the constants in progress.go.
-- Written by setProgress.
CREATE TABLE progress (
	name  TEXT NOT NULL PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
