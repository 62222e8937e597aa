-- Contacts and all that is about them: the file winnow.db.
-- The tables as they are after all migrations: what they hold, and who writes them. A new
-- file is made by this; one of an earlier version by the files roster-NNN.sql that it lacks. A
-- test compares the two, and another one finds the writers.

-- The contacts. Their unique index orders them by key, for exports.
-- Written by txWriter.savePacked, which the sweep, the review, registrations,
-- imports and manual changes call, txWriter.saveProfile, txWriter.ensureContacts, and
-- txWriter.deleteContact and txWriter.restoreContact, which merging and undoing it call.
CREATE TABLE contacts (
	id         INTEGER PRIMARY KEY,
	key        TEXT NOT NULL UNIQUE,
	phone      TEXT,                -- E.164
	attributes BLOB,                -- packed, see hygiene.Attributes.Pack
	ledger     INTEGER NOT NULL,    -- id of the contact's latest ledger entry, 0 for none
	facts      BLOB NOT NULL        -- packed by hygiene.Contact.Pack: suppressions, tags, retry, history; not indexed
) STRICT;

-- Finds contacts by phone number.
CREATE INDEX contacts_by_phone ON contacts (phone) WHERE phone IS NOT NULL;

-- The loose forms of keys, which keys that are nearly the same share. A key that is its
-- own loose form, or that in capitals, is not in it.
-- Written by txWriter.indexLooseForms, which creating contacts calls, and
-- Store.PrepareKeys.
CREATE TABLE near_keys (
	loose   TEXT NOT NULL,          -- see contactkey.Loose
	contact INTEGER NOT NULL,       -- contacts.id
	PRIMARY KEY (loose, contact)
) STRICT, WITHOUT ROWID;

-- The phone numbers on which something lies, or lay: subjects of their own, kept like
-- contacts. In the ledger they have the negative of their id.
-- Written by txWriter.saveNumbers, which txWriter.savePacked calls.
CREATE TABLE numbers (
	id     INTEGER PRIMARY KEY,
	phone  TEXT NOT NULL UNIQUE,    -- E.164
	ledger INTEGER NOT NULL,        -- id of the number's latest ledger entry, 0 for none
	facts  BLOB NOT NULL            -- packed by hygiene.Contact.Pack
) STRICT;

-- Numbers that contacts had before, or that messages to them were for.
-- Written by txWriter.noteFormer and txWriter.copyFormer.
CREATE TABLE former_numbers (
	phone   TEXT NOT NULL,          -- E.164
	contact INTEGER NOT NULL,       -- contacts.id
	PRIMARY KEY (phone, contact)
) STRICT, WITHOUT ROWID;

-- Finds the former numbers of a contact.
CREATE INDEX former_numbers_by_contact ON former_numbers (contact);

-- Contacts that the next sweep judges again, because another number may be meant by what
-- happened to them.
-- Written by txWriter.wait, txWriter.place and txWriter.mergeNumbers.
CREATE TABLE unplaced (
	contact INTEGER PRIMARY KEY,    -- contacts.id
	asks    INTEGER NOT NULL        -- 1: the send log names another number for a message
) STRICT;

-- The message of a contact's retry, apart so that contacts stay small.
-- Written by txWriter.savePacked.
CREATE TABLE retry_messages (
	contact     INTEGER PRIMARY KEY REFERENCES contacts(id),
	message_id  TEXT NOT NULL,
	unique_args BLOB                -- JSON object; NULL when there was none, or a long one
) STRICT;

-- Every change to a contact, never rewritten. A contact's entries are a chain
-- from its latest back, so that adding one touches no index.
-- Written by txWriter.savePacked.
CREATE TABLE ledger (
	id       INTEGER PRIMARY KEY,
	contact  INTEGER NOT NULL,      -- contacts.id, or the negative of numbers.id
	prev     INTEGER NOT NULL,      -- the contact's entry before, 0 for none
	at       INTEGER NOT NULL,      -- when it took effect
	seq      INTEGER NOT NULL,      -- the event that caused it, or the log's end then
	act      TEXT NOT NULL,
	reason   TEXT NOT NULL,         -- of the suppression, or the tag
	origin   TEXT NOT NULL,         -- rule, operator, import
	until    INTEGER NOT NULL,      -- of the suppression, or when the retry is due; 0 for no end
	attempt  INTEGER NOT NULL,
	rule     TEXT NOT NULL,
	policy   INTEGER NOT NULL,      -- policies.id in force
	evidence TEXT NOT NULL,         -- seq of the entries counted, joined with ','
	by       TEXT NOT NULL,
	note     TEXT NOT NULL,
	batch    INTEGER NOT NULL,      -- batches.id of the manual change, 0 for none
	held_by  INTEGER NOT NULL       -- breaker_trips.id that the suppression waits for, 0 for none
) STRICT;

-- Finds the contacts that wait for a trip. Entries that wait for none are not in it.
CREATE INDEX ledger_held ON ledger (held_by, contact) WHERE held_by <> 0;

-- Finds the entries of a manual change. Those of rules are not in it.
CREATE INDEX ledger_batch ON ledger (batch) WHERE batch <> 0;

-- Manual changes to contacts, so that each can be shown and undone.
-- Written by saveBatch.
CREATE TABLE batches (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	at        INTEGER NOT NULL,
	kind      TEXT NOT NULL,        -- suppress, allow, undo, rejudge, reclassify, release, discard, import, merge
	by        TEXT NOT NULL,
	note      TEXT NOT NULL,
	about     TEXT NOT NULL,        -- what was asked for, in words
	undoes    INTEGER NOT NULL,     -- the batch that this one undoes, 0 for none
	undone_by INTEGER NOT NULL,     -- the batch that undid this one, 0 for none; see Batch
	contacts  INTEGER NOT NULL,     -- changed
	changes   INTEGER NOT NULL,     -- ledger entries
	done      INTEGER NOT NULL      -- 0: under way, or interrupted
) STRICT;

-- What batches that invalidate evidence invalidate, for contacts that become known
-- only later.
-- Written by saveStrike.
CREATE TABLE strikes (
	batch   INTEGER PRIMARY KEY REFERENCES batches(id),
	at      INTEGER NOT NULL,       -- when it was made
	seq     INTEGER NOT NULL,       -- the log's end then: what was recorded later stays valid
	reason  TEXT NOT NULL,          -- here and in what follows, '' or 0 does not narrow
	rule    TEXT NOT NULL,
	since   INTEGER NOT NULL,       -- of events from this time on
	until   INTEGER NOT NULL,       -- to this one, included
	source  TEXT NOT NULL,
	code    TEXT NOT NULL,
	outcome TEXT NOT NULL,
	held_by INTEGER NOT NULL,       -- breaker_trips.id; and all that waits for it
	spares  TEXT NOT NULL DEFAULT 'opted_out', -- without a reason: the protected reasons then, joined by |
	from_seq INTEGER NOT NULL DEFAULT 0 -- only what the log has from there on
) STRICT;

-- What breakers hold: surges of an outcome at a source.
-- Written by insertTrip, updateTrip, Store.beginReview and Store.endReview.
CREATE TABLE breaker_trips (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	source   TEXT NOT NULL,
	outcome  TEXT NOT NULL,
	since    INTEGER NOT NULL,      -- receipt of the first event that was held
	until    INTEGER NOT NULL,      -- receipt of the last one
	window_us INTEGER NOT NULL,     -- the breaker's window, in microseconds
	from_seq INTEGER NOT NULL,
	to_seq   INTEGER NOT NULL,
	events   INTEGER NOT NULL,      -- held
	share    INTEGER NOT NULL,      -- the highest share that a held event met, in millionths
	state    TEXT NOT NULL,         -- held, told, released, discarded
	reviewed_at INTEGER NOT NULL,   -- 0 while it waits
	by       TEXT NOT NULL,
	batch    INTEGER NOT NULL,      -- batches.id of its review, once that has begun; 0 for none
	rule     TEXT NOT NULL DEFAULT '', -- which is held, then source and outcome are empty; empty for a surge
	digest   INTEGER NOT NULL DEFAULT 0 -- of the rule's content
) STRICT;

-- How many events each source had in each second of the breakers' windows, and
-- how many of them had the outcome.
-- Written by breakerWindow.save, and Store.recount, which empties it.
CREATE TABLE breaker_counts (
	source  TEXT NOT NULL,
	outcome TEXT NOT NULL,
	second  INTEGER NOT NULL,       -- of the receipt, since 1970
	events  INTEGER NOT NULL,
	matches INTEGER NOT NULL,
	PRIMARY KEY (source, outcome, second)
) STRICT, WITHOUT ROWID;

-- The config file that a daemon put in force last, whole, with the secrets in it: a
-- daemon whose file is broken starts with it. Texts of policies have none.
-- Written by Store.SaveConfigFile.
CREATE TABLE config_file (
	path     TEXT NOT NULL PRIMARY KEY, -- of the file: daemons that share a store may have one each
	sum      TEXT NOT NULL,         -- SHA-256 of the text, in hexadecimal digits
	text     TEXT NOT NULL,
	saved_at INTEGER NOT NULL
) STRICT;

-- The text of every policy that judged.
-- Written by insertPolicy, which serve and the commands cause before they act.
CREATE TABLE policies (
	id      INTEGER PRIMARY KEY,
	hash    TEXT NOT NULL UNIQUE,
	text    TEXT NOT NULL,
	first_used_at INTEGER NOT NULL
) STRICT;

-- The send log: which contact, and which phone number, a message of a source was for.
-- The first that is said of a message stands, for each of the two apart.
-- Written by txWriter.saveMessage.
CREATE TABLE messages (
	message_id TEXT NOT NULL,       -- as contactkey.MessageID gives it
	contact    TEXT NOT NULL,       -- the contact's key, '' when not known
	sent_at    INTEGER NOT NULL,    -- 0 when not known
	source     TEXT NOT NULL,
	phone      TEXT NOT NULL,       -- E.164, '' when not known
	PRIMARY KEY (source, message_id)
) STRICT, WITHOUT ROWID;

-- The send log of versions that did not tell sources apart. It counts for the source of
-- unsourced_owner or, while there is none, for every source, as it did then; what messages
-- has of a message goes before it.
-- Nothing is added to it. Written by txWriter.saveMessage of those versions.
CREATE TABLE unsourced_messages (
	message_id TEXT NOT NULL PRIMARY KEY,
	contact    TEXT NOT NULL,       -- the contact's key
	sent_at    INTEGER NOT NULL     -- 0 when not known
) STRICT, WITHOUT ROWID;

-- The source that the config had alone when unsourced_messages came to be; one row at most.
-- Written by Store.OwnUnsourced.
CREATE TABLE unsourced_owner (
	source TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Events whose contact is not known: they wait for it, or lie on a number alone.
-- Written by txWriter.match, which the sweep calls, txWriter.releaseUnmatched,
-- txWriter.completeWaiting, and retained.Abandon, which retention calls.
CREATE TABLE unmatched (
	message_id TEXT NOT NULL,       -- as contactkey.MessageID gives it
	seq        INTEGER NOT NULL,
	held_by    INTEGER NOT NULL,    -- breaker_trips.id, 0 for none
	source     TEXT NOT NULL DEFAULT '', -- '' while Store.completeUnmatched has not come to it
	phone      TEXT NOT NULL DEFAULT '', -- the number on which it lies, '' for one that waits
	PRIMARY KEY (message_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX unmatched_by_phone ON unmatched (phone, seq) WHERE phone <> '';

-- Messages whose events name another contact than the send log has.
-- Written by InsertConflicts of package messages, which txWriter.saveConflicts calls.
CREATE TABLE contact_conflicts (
	id         INTEGER PRIMARY KEY,
	source     TEXT NOT NULL,
	message_id TEXT NOT NULL,       -- as contactkey.MessageID gives it
	contact    TEXT NOT NULL,       -- that the body names
	registered TEXT NOT NULL,       -- that the send log has
	seq        INTEGER NOT NULL,    -- of the first event that was compared
	at         INTEGER NOT NULL,    -- of that event
	UNIQUE (source, message_id, contact)
) STRICT;

-- Events whose contact became known, waiting for the next sweep.
-- Written by txWriter.releaseUnmatched, txWriter.completeWaiting, and
-- txWriter.claimMatched, which the sweep calls.
CREATE TABLE matched (
	seq     INTEGER PRIMARY KEY,
	held_by INTEGER NOT NULL,       -- breaker_trips.id, 0 for none
	phone   TEXT NOT NULL DEFAULT '' -- the number on which it lies until then, '' for none
) STRICT;

-- Outcomes that reclassifying gave to events in their contacts' histories, and
-- that the log may not have yet.
-- Written by txWriter.savePending and Store.deletePending.
CREATE TABLE pending_outcomes (
	seq     INTEGER PRIMARY KEY,
	outcome TEXT NOT NULL
) STRICT;

-- How many contacts change from which status to which, and when, to the second:
-- adding up all until now counts contacts by status without reading one.
-- Written by Changes.Save of package statuscounts.
CREATE TABLE status_counts (
	at  INTEGER NOT NULL,           -- in seconds; 0: what contacts are from the beginning
	was INTEGER NOT NULL,           -- hygiene.Status; 0 for none
	now INTEGER NOT NULL,
	n   INTEGER NOT NULL,
	PRIMARY KEY (at, was, now)
) STRICT, WITHOUT ROWID;

-- The same, added up for each day in UTC: there may be a million changes to the second.
-- Written by Changes.Save of package statuscounts.
CREATE TABLE status_days (
	day INTEGER NOT NULL, -- days since 1970 in UTC
	was INTEGER NOT NULL,
	now INTEGER NOT NULL,
	n   INTEGER NOT NULL,
	PRIMARY KEY (day, was, now)
) STRICT, WITHOUT ROWID;

-- How many suppressions each rule opened on a day, by what later events say of them:
-- adding up the days counts what is regretted without reading a contact.
-- Written by Tally.Save of package regret, which the one writer of contacts calls.
CREATE TABLE regret (
	day         INTEGER NOT NULL,   -- of the opening: days since 1970 in UTC
	rule        TEXT NOT NULL,
	digest      INTEGER NOT NULL,   -- of the rule's content: an edited rule is another one
	unmeasured  INTEGER NOT NULL,
	found_right INTEGER NOT NULL,
	regretted   INTEGER NOT NULL,
	PRIMARY KEY (day, rule, digest)
) STRICT, WITHOUT ROWID;

-- Runs of exports; a scheduled time of an export has one.
-- Written by putRun, replaceRun and Store.PostponeRun.
CREATE TABLE runs (
	id           INTEGER PRIMARY KEY, -- in the order in which they began
	export       TEXT NOT NULL,
	scheduled_at INTEGER NOT NULL,
	status       TEXT NOT NULL,
	as_of        INTEGER NOT NULL,
	finished_at  INTEGER NOT NULL,
	through_seq  INTEGER NOT NULL,
	policy       TEXT NOT NULL,
	error        TEXT NOT NULL,
	held_reason  TEXT NOT NULL DEFAULT '', -- why the guard held it, without what to do about it
	ledger       INTEGER NOT NULL DEFAULT -1, -- ledger.id of the last entry in the run's snapshot; -1 where it is not known
	next_try_at  INTEGER NOT NULL DEFAULT 0, -- of a failed run: when a daemon tries it again; 0 for unknown
	started_by   TEXT NOT NULL DEFAULT '', -- who asked for it; empty for the schedule
	released_by  TEXT NOT NULL DEFAULT '', -- who released it when it was held; empty for nobody
	UNIQUE (export, scheduled_at)
) STRICT;

-- Finds the latest runs of an export that have some status.
CREATE INDEX runs_by_status ON runs (export, status);

-- The segments that are whole in a run: what later runs are compared with.
-- Written by putSegments.
CREATE TABLE run_segments (
	export       TEXT NOT NULL,
	scheduled_at INTEGER NOT NULL,    -- of the run
	segment      TEXT NOT NULL,
	rows         INTEGER NOT NULL,
	members      INTEGER NOT NULL,    -- 1: a list of the members is kept, see Store.CreateMembers
	days         INTEGER NOT NULL DEFAULT 0, -- different days on which the segment was published, with this run
	PRIMARY KEY (export, scheduled_at, segment)
) STRICT, WITHOUT ROWID;

-- Which remotes get which published runs, and the state of that.
-- Written by putDelivery, insertDelivery and deleteDelivery.
CREATE TABLE deliveries (
	export       TEXT NOT NULL,
	scheduled_at INTEGER NOT NULL,    -- of the run
	remote       TEXT NOT NULL,       -- as people see it, without secrets
	status       TEXT NOT NULL,       -- waiting, delivered, gone
	tries        INTEGER NOT NULL,
	next_at      INTEGER NOT NULL,    -- while it waits: when it is tried again
	delivered_at INTEGER NOT NULL,    -- 0 until then
	error        TEXT NOT NULL,       -- of the last try
	PRIMARY KEY (export, scheduled_at, remote)
) STRICT, WITHOUT ROWID;

-- The times for which each job is done; the latest few hundred.
-- Written by putJobTime, which the schedule causes.
CREATE TABLE jobs (
	name TEXT NOT NULL,
	at   INTEGER NOT NULL,
	PRIMARY KEY (name, at)
) STRICT, WITHOUT ROWID;

-- Which contacts are on which static list, in byte order, as a run goes through
-- them.
-- Written by txWriter.changeListed.
CREATE TABLE lists (
	list    TEXT NOT NULL,
	contact TEXT NOT NULL,          -- the contact's key
	PRIMARY KEY (list, contact)
) STRICT, WITHOUT ROWID;

-- Contacts that people put in a segment, or took out of it.
-- Written by txWriter.changePin.
CREATE TABLE pins (
	contact TEXT NOT NULL,          -- the contact's key
	segment TEXT NOT NULL,
	out     INTEGER NOT NULL,       -- 0: in
	at      INTEGER NOT NULL,
	by      TEXT NOT NULL,
	note    TEXT NOT NULL,
	PRIMARY KEY (contact, segment)
) STRICT, WITHOUT ROWID;

-- The keys of merged contacts: those that were merged into another, and the
-- contact's own. What is not here names the contact of that key.
-- Written by putName and txWriter.claimName.
CREATE TABLE names (
	key         TEXT NOT NULL PRIMARY KEY,
	contact     TEXT NOT NULL,      -- the key of the contact that it names
	merged_into TEXT NOT NULL,      -- the key that it was merged into; '' for the contact's own
	batch       INTEGER NOT NULL,   -- batches.id of that merge; here and in what follows 0 for the contact's own
	at          INTEGER NOT NULL,   -- when that was
	seq         INTEGER NOT NULL,   -- the log's end then
	id          INTEGER NOT NULL,   -- contacts.id that it has when it is parted
	known       INTEGER NOT NULL,   -- 0: no contact of this key would be known, had it not been merged
	ledger      INTEGER NOT NULL    -- its latest ledger entry, 0 for none
) STRICT, WITHOUT ROWID;

-- Finds the keys of a merged contact.
CREATE INDEX names_by_contact ON names (contact);

-- Finds a key by the id that a contact had, in the ledger and with numbers.
CREATE INDEX names_by_id ON names (id);

-- Which static lists the keys of merged contacts would be on if they were parted.
-- Written by putNameList.
CREATE TABLE name_lists (
	key  TEXT NOT NULL,
	list TEXT NOT NULL,
	PRIMARY KEY (key, list)
) STRICT, WITHOUT ROWID;

-- The pins that the keys of merged contacts would have if they were parted.
-- Written by putNamePin.
CREATE TABLE name_pins (
	key     TEXT NOT NULL,
	segment TEXT NOT NULL,
	out     INTEGER NOT NULL,       -- as in pins, and so are the others
	at      INTEGER NOT NULL,
	by      TEXT NOT NULL,
	note    TEXT NOT NULL,
	PRIMARY KEY (key, segment)
) STRICT, WITHOUT ROWID;

-- What each batch of merges merges, undone or not.
-- Written by txWriter.merge.
CREATE TABLE merges (
	batch INTEGER NOT NULL REFERENCES batches(id),
	old   TEXT NOT NULL,            -- the key that becomes another name
	new   TEXT NOT NULL,            -- of this one
	PRIMARY KEY (batch, old)
) STRICT, WITHOUT ROWID;

-- What stays of persons who were forgotten: keyed hashes of their keys and numbers, with
-- what keeps them away. See package forgotten.
-- Written by insertRow, setSubject, deleteReason, liftReason and Undo of package forgotten, which remember,
-- txWriter.recall, txWriter.renew and txWriter.forgive call.
CREATE TABLE forgotten (
	hash    BLOB NOT NULL,          -- HMAC-SHA256 of a contact's key, or of a phone number
	person  INTEGER NOT NULL,       -- those of one person have the same
	reason  TEXT NOT NULL,          -- '' for nothing; each name of a person has such a row
	since   INTEGER NOT NULL,
	until   INTEGER NOT NULL,       -- 0 for no end
	of_number INTEGER NOT NULL,     -- 1: of a key, and lies on the phone number that it had
	named   INTEGER NOT NULL,       -- 1: the number itself was named, and no contact
	subject INTEGER NOT NULL,       -- contacts.id, or the negative of numbers.id, that has the name again; 0 for none
	lifted  INTEGER NOT NULL DEFAULT 0, -- batches.id of what lifted it; negative when that was undone, so that it holds again
	PRIMARY KEY (hash, person, reason)
) STRICT, WITHOUT ROWID;

-- Finds the names of a person.
CREATE INDEX forgotten_by_person ON forgotten (person);

-- Messages that were for forgotten persons.
-- Written by insertMessage of package forgotten, which rememberMessages calls.
CREATE TABLE forgotten_messages (
	hash   BLOB NOT NULL,           -- HMAC-SHA256 of source and message id
	person INTEGER NOT NULL,        -- see forgotten
	PRIMARY KEY (hash, person)
) STRICT, WITHOUT ROWID;

-- Events about such messages, until they are erased from the log.
-- Written by txWriter.insertLate and deleteLate, which the sweep calls.
CREATE TABLE late_events (
	seq INTEGER PRIMARY KEY
) STRICT;

-- One row: the secret of those hashes, made at random for this store.
-- Written by setSecret of package forgotten, which remember calls.
CREATE TABLE forgotten_secret (
	id     INTEGER PRIMARY KEY,
	secret BLOB NOT NULL
) STRICT;

-- Contacts that may not be forgotten, and of which nothing ends by age.
-- Written by putHold and deleteHold.
CREATE TABLE holds (
	contact TEXT NOT NULL PRIMARY KEY, -- the key that was named, which may be another name by now
	at      INTEGER NOT NULL,
	by      TEXT NOT NULL,
	note    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Persons who are being forgotten, until nothing else of them is left.
-- Written by InsertPending, BeginPending, SetSeq and DeletePending of package erasure,
-- which txWriter.beginForgetting and Run.end call.
CREATE TABLE erasures (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	at      INTEGER NOT NULL,       -- when it was asked for
	exports INTEGER NOT NULL,       -- 1: also from the files of kept runs
	subject TEXT NOT NULL,          -- the contact's key, or that of a number as a subject
	begun   INTEGER NOT NULL,       -- 1: the contact is deleted
	seq     INTEGER NOT NULL        -- place in the log up to which that was read
) STRICT;

-- What names the persons who are being forgotten.
-- Written by insertText of package erasure.
CREATE TABLE erasure_texts (
	erasure INTEGER NOT NULL,       -- erasures.id
	kind    TEXT NOT NULL,          -- key, phone, message
	source  TEXT NOT NULL,          -- of a message
	text    TEXT NOT NULL,
	PRIMARY KEY (erasure, kind, source, text)
) STRICT, WITHOUT ROWID;

-- Swept events that name their contact, whose message the send log did not have: the latest
-- of them, for a line that comes late.
-- Written by package messages, which txWriter.noteUnregistered and txWriter.trimUnregistered call.
CREATE TABLE unregistered (
	message INTEGER NOT NULL, -- hygiene.MessageHash of source and message id
	seq     INTEGER NOT NULL, -- of the event
	PRIMARY KEY (message, seq)
) STRICT, WITHOUT ROWID;

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

-- How many contacts had which status when the first sweep or review of a day counted them.
-- Written by Note of package daycounts, which Store.markCounted calls.
CREATE TABLE day_counts (
	day      INTEGER NOT NULL, -- days since 1970 in UTC
	status   TEXT NOT NULL,
	contacts INTEGER NOT NULL,
	PRIMARY KEY (day, status)
) STRICT, WITHOUT ROWID;

-- Single numbers: see the constants in store/counters.go.
-- Written by counters.Set.
CREATE TABLE counters (
	name  TEXT NOT NULL PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
