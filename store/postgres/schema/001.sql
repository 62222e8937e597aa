-- The tables as they are in PostgreSQL. They are those of SQLite, whose schema says what they
-- hold and who writes them, but for the log: see arrivals and settle.
-- A database that has this file is updated by the next one, 002.sql; this one stays as it is.
-- Text compares by its bytes, as in SQLite and Go.

-- The processes that append to the log. Each has a number of its own, new at each start, and
-- counts the lines that it appends: 1, 2, 3, without a gap.
-- Written by process.register, process.ask, winnow_appended, which every commit to the log
-- calls, and process.close; logWriter.EndPruning deletes those that were closed.
CREATE TABLE appenders (
	appender   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	host       text COLLATE "C" NOT NULL,
	pid        bigint NOT NULL,
	started_at bigint NOT NULL,     -- microseconds since 1970 UTC, as all times
	seen_at    bigint NOT NULL,     -- of its last commit
	closed_at  bigint NOT NULL,     -- 0 while it may append
	writer     text COLLATE "C" NOT NULL, -- random, new with each connection; see writers
	n          bigint NOT NULL,     -- lines appended
	commits    bigint NOT NULL      -- to the log; so the fate of a commit is known by the next connection
);

-- How many lines of each appender have their place in the log. Apart from appenders, so that
-- no appender waits while lines get their places.
-- Written by settle; logWriter.EndPruning deletes those of appenders that were closed.
CREATE TABLE settled (
	appender bigint PRIMARY KEY,
	n        bigint NOT NULL,
	writer   text COLLATE "C" NOT NULL  -- of its lines, as it was last
);

-- What was appended and has no place in the log yet: events, and bodies that could not be read.
-- Written by logWriter.AppendEvents and logWriter.Quarantine; settle empties it.
CREATE TABLE arrivals (
	appender    bigint NOT NULL,
	n           bigint NOT NULL,
	received_at bigint NOT NULL,
	at          bigint,
	source      text COLLATE "C" NOT NULL,
	message_id  text COLLATE "C" NOT NULL,
	event       text COLLATE "C" NOT NULL,
	code        text COLLATE "C" NOT NULL,
	outcome     text COLLATE "C" NOT NULL, -- '' for a body that could not be read
	contact     text COLLATE "C" NOT NULL,
	phone       text COLLATE "C" NOT NULL,
	why         text COLLATE "C" NOT NULL, -- it could not be read; '' for an event
	request     text COLLATE "C" NOT NULL, -- of a body that could not be verified
	body        bytea NOT NULL,
	PRIMARY KEY (appender, n)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_insert_threshold = -1);

-- One row: the places that were given out last, and how much of the quarantine is kept.
-- Written by settle and logWriter.Quarantine.
CREATE TABLE log_end (
	id          bigint PRIMARY KEY,
	seq         bigint NOT NULL,
	quarantined bigint NOT NULL,
	keep_rows   bigint NOT NULL,
	keep_bytes  bigint NOT NULL
);
INSERT INTO log_end VALUES (1, 0, 0, 9223372036854775807, 9223372036854775807);

-- Locks between processes. One that was not renewed for some seconds may be taken over; the
-- epoch tells that to a process that was stopped meanwhile.
-- Written by lease and the writer of contacts.
CREATE TABLE leases (
	name  text COLLATE "C" NOT NULL PRIMARY KEY,
	owner text COLLATE "C" NOT NULL, -- random, of one lock of one process
	host  text COLLATE "C" NOT NULL,
	pid   bigint NOT NULL,
	epoch bigint NOT NULL,
	since bigint NOT NULL,
	until bigint NOT NULL            -- by the clock of the server
);

-- What providers said, in the order in which settle found it.
-- Written by settle, logWriter.SetOutcomes, which reclassifying calls, logWriter.Prune, which
-- retention calls, and logWriter.EraseEvents, which forgetting calls.
CREATE TABLE events (
	seq         bigint PRIMARY KEY,                 -- never given out twice, without gaps; see settle
	received_at bigint NOT NULL,                  -- microseconds since 1970 UTC, as all times
	at          bigint,                           -- the provider's time, or an archive's; NULL: received_at, by this log's clock
	source      text COLLATE "C" NOT NULL,
	message_id  text COLLATE "C" NOT NULL,
	event       text COLLATE "C" NOT NULL,                     -- the provider's word
	code        text COLLATE "C" NOT NULL,                     -- the provider's code, '' for none
	outcome     text COLLATE "C" NOT NULL,                     -- winnow's word
	contact     text COLLATE "C" NOT NULL,                     -- the contact's key, '' when not known
	body        bytea NOT NULL,                     -- the object as received; empty once retention deleted it
	phone       text COLLATE "C" NOT NULL DEFAULT ''           -- the number that the body names, in E.164; '' for none
);

-- Bodies that could not be read, or verified. Bounded: the oldest are deleted first.
-- Written by settle and logWriter.Unquarantine.
CREATE TABLE quarantine (
	id          bigint PRIMARY KEY,                 -- never given out twice, without gaps; see settle
	received_at bigint NOT NULL,
	source      text COLLATE "C" NOT NULL,
	why         text COLLATE "C" NOT NULL,
	body        bytea NOT NULL,
	request     text COLLATE "C" NOT NULL DEFAULT ''           -- the rest of a callback that was not verified, as JSON
);

-- One row: how many bodies are in quarantine, and how many bytes they have together.
-- Written by settle and logWriter.Unquarantine.
CREATE TABLE quarantine_size (
	id     bigint PRIMARY KEY,
	bodies bigint NOT NULL,
	bytes  bigint NOT NULL
);
INSERT INTO quarantine_size (id, bodies, bytes) VALUES (1, 0, 0);

-- What retention deleted from the log: of each kind and source, how much, and up to
-- which receipt.
-- Written by logWriter.notePruned.
CREATE TABLE pruned (
	kind    text COLLATE "C" NOT NULL,          -- events, bodies, quarantine, unmatched
	source  text COLLATE "C" NOT NULL,
	n       bigint NOT NULL,       -- ever
	through bigint NOT NULL,       -- receipt of the latest one that was deleted
	PRIMARY KEY (kind, source)
);

-- Pieces of the log, as retention saw them last, so that it does not look at all of the
-- log to find what is old enough.
-- Written by logWriter.savePiece, which logWriter.Prune calls.
CREATE TABLE pieces (
	piece       bigint PRIMARY KEY, -- seq / engine.PieceSeqs
	through     bigint NOT NULL,   -- seq up to which it was looked at
	oldest      bigint NOT NULL,   -- receipt of its oldest event that waits for its age; 0 for none
	oldest_body bigint NOT NULL,   -- of its oldest such event that has a body; 0 for none
	kept        bigint NOT NULL,   -- events that are old enough and were needed
	looked_at   bigint NOT NULL
);

-- One row, once retention has run.
-- Written by logWriter.EndPruning and logWriter.Prune.
CREATE TABLE retention (
	id        bigint PRIMARY KEY,
	first_seq bigint NOT NULL,     -- of the first event that the log ever had
	ended_at  bigint NOT NULL      -- of the last pass that got to the end; 0 for none
);

-- Where bodies in quarantine stand among the lines of the log, which other hosts pull: after
-- each commit that put some there, how many lines there were. They come after the events
-- of that commit, see store/lines.
-- Written by settle; logWriter.EndPruning deletes those before what is left.
CREATE TABLE places (
	n           bigint PRIMARY KEY, -- events and bodies up to there
	quarantined bigint NOT NULL     -- bodies up to there
);

-- Who appended lines: the connections of processes, each with a random name, and the history
-- of the server that gave them their places. A server that lost lines, or their places, as
-- it was restored or took over, has another history: its next lines have another writer than
-- those that it lost.
-- Written by settle.
CREATE TABLE writers (
	first  bigint PRIMARY KEY,      -- its first line
	writer text COLLATE "C" NOT NULL
);

-- How far the logs of receivers were pulled, in the commits of what was pulled.
-- Written by logWriter.Pull, which Appender.write calls.
CREATE TABLE pulled (
	writer      text COLLATE "C" PRIMARY KEY,
	receiver    text COLLATE "C" NOT NULL,       -- its URL in the config
	n           bigint NOT NULL,    -- the line up to which
	received_at bigint NOT NULL,    -- receipt of that line
	turn        bigint NOT NULL     -- a later writer of a receiver has a greater one
);

-- One row, written to see whether the disk still accepts writes.
-- Written by logWriter.Probe.
CREATE TABLE probe (
	id bigint PRIMARY KEY,
	at bigint NOT NULL
);

-- The contacts. Their unique index orders them by key, for exports.
-- Written by txWriter.savePacked, which the sweep, the review, registrations,
-- imports and manual changes call, txWriter.saveProfile, txWriter.ensureContacts, and
-- txWriter.deleteContact and txWriter.restoreContact, which merging and undoing it call.
CREATE TABLE contacts (
	id         bigint PRIMARY KEY,
	key        text COLLATE "C" NOT NULL UNIQUE,
	phone      text COLLATE "C",                -- E.164
	attributes bytea,                -- packed, see hygiene.Attributes.Pack
	ledger     bigint NOT NULL,    -- id of the contact's latest ledger entry, 0 for none
	facts      bytea NOT NULL        -- packed by hygiene.Contact.Pack: suppressions, tags, retry, history; not indexed
);

-- Finds contacts by phone number.
CREATE INDEX contacts_by_phone ON contacts (phone) WHERE phone IS NOT NULL;

-- The loose forms of keys, which keys that are nearly the same share. A key that is its
-- own loose form, or that in capitals, is not in it.
-- Written by txWriter.indexLooseForms, which creating contacts calls, and
-- Store.PrepareKeys.
CREATE TABLE near_keys (
	loose   text COLLATE "C" NOT NULL,          -- see contactkey.Loose
	contact bigint NOT NULL,       -- contacts.id
	PRIMARY KEY (loose, contact)
);

-- Without a number of its own, a row has the one after the greatest.
CREATE FUNCTION next_numbers() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT coalesce(max(id), 0) + 1 FROM numbers); END $$;

-- The phone numbers on which something lies, or lay: subjects of their own, kept like
-- contacts. In the ledger they have the negative of their id.
-- Written by txWriter.saveNumbers, which txWriter.savePacked calls.
CREATE TABLE numbers (
	id     bigint PRIMARY KEY DEFAULT next_numbers(),
	phone  text COLLATE "C" NOT NULL UNIQUE,    -- E.164
	ledger bigint NOT NULL,        -- id of the number's latest ledger entry, 0 for none
	facts  bytea NOT NULL            -- packed by hygiene.Contact.Pack
);

-- Numbers that contacts had before, or that messages to them were for.
-- Written by txWriter.noteFormer and txWriter.copyFormer.
CREATE TABLE former_numbers (
	phone   text COLLATE "C" NOT NULL,          -- E.164
	contact bigint NOT NULL,       -- contacts.id
	PRIMARY KEY (phone, contact)
);

-- Finds the former numbers of a contact.
CREATE INDEX former_numbers_by_contact ON former_numbers (contact);

-- Contacts that the next sweep judges again, because another number may be meant by what
-- happened to them.
-- Written by txWriter.wait, txWriter.place and txWriter.mergeNumbers.
CREATE TABLE unplaced (
	contact bigint PRIMARY KEY,    -- contacts.id
	asks    bigint NOT NULL        -- 1: the send log names another number for a message
);

-- The message of a contact's retry, apart so that contacts stay small.
-- Written by txWriter.savePacked.
CREATE TABLE retry_messages (
	contact     bigint PRIMARY KEY,
	message_id  text COLLATE "C" NOT NULL,
	unique_args bytea                -- JSON object; NULL when there was none, or a long one
);

-- Every change to a contact, never rewritten. A contact's entries are a chain
-- from its latest back, so that adding one touches no index.
-- Written by txWriter.savePacked.
CREATE TABLE ledger (
	id       bigint PRIMARY KEY,
	contact  bigint NOT NULL,      -- contacts.id, or the negative of numbers.id
	prev     bigint NOT NULL,      -- the contact's entry before, 0 for none
	at       bigint NOT NULL,      -- when it took effect
	seq      bigint NOT NULL,      -- the event that caused it, or the log's end then
	act      text COLLATE "C" NOT NULL,
	reason   text COLLATE "C" NOT NULL,         -- of the suppression, or the tag
	origin   text COLLATE "C" NOT NULL,         -- rule, operator, import
	until    bigint NOT NULL,      -- of the suppression, or when the retry is due; 0 for no end
	attempt  bigint NOT NULL,
	rule     text COLLATE "C" NOT NULL,
	policy   bigint NOT NULL,      -- policies.id in force
	evidence text COLLATE "C" NOT NULL,         -- seq of the entries counted, joined with ','
	by       text COLLATE "C" NOT NULL,
	note     text COLLATE "C" NOT NULL,
	batch    bigint NOT NULL,      -- batches.id of the manual change, 0 for none
	held_by  bigint NOT NULL       -- breaker_trips.id that the suppression waits for, 0 for none
);

-- Finds the contacts that wait for a trip. Entries that wait for none are not in it.
CREATE INDEX ledger_held ON ledger (held_by, contact) WHERE held_by <> 0;

-- Finds the entries of a manual change. Those of rules are not in it.
CREATE INDEX ledger_batch ON ledger (batch) WHERE batch <> 0;

-- As next_numbers: an identity would count what was only previewed, and rolled back.
CREATE FUNCTION next_batches() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT coalesce(max(id), 0) + 1 FROM batches); END $$;
CREATE FUNCTION next_trips() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT coalesce(max(id), 0) + 1 FROM breaker_trips); END $$;

-- Manual changes to contacts, so that each can be shown and undone.
-- Written by saveBatch.
CREATE TABLE batches (
	id        bigint PRIMARY KEY DEFAULT next_batches(),
	at        bigint NOT NULL,
	kind      text COLLATE "C" NOT NULL,        -- suppress, allow, undo, rejudge, reclassify, release, discard, import, merge
	by        text COLLATE "C" NOT NULL,
	note      text COLLATE "C" NOT NULL,
	about     text COLLATE "C" NOT NULL,        -- what was asked for, in words
	undoes    bigint NOT NULL,     -- the batch that this one undoes, 0 for none
	undone_by bigint NOT NULL,     -- the batch that undid this one, 0 for none; see Batch
	contacts  bigint NOT NULL,     -- changed
	changes   bigint NOT NULL,     -- ledger entries
	done      bigint NOT NULL      -- 0: under way, or interrupted
);

-- What batches that invalidate evidence invalidate, for contacts that become known
-- only later.
-- Written by saveStrike.
CREATE TABLE strikes (
	batch   bigint PRIMARY KEY REFERENCES batches(id),
	at      bigint NOT NULL,       -- when it was made
	seq     bigint NOT NULL,       -- the log's end then: what was recorded later stays valid
	reason  text COLLATE "C" NOT NULL,          -- here and in what follows, '' or 0 does not narrow
	rule    text COLLATE "C" NOT NULL,
	since   bigint NOT NULL,       -- of events from this time on
	until   bigint NOT NULL,       -- to this one, included
	source  text COLLATE "C" NOT NULL,
	code    text COLLATE "C" NOT NULL,
	outcome text COLLATE "C" NOT NULL,
	held_by bigint NOT NULL,       -- breaker_trips.id; and all that waits for it
	spares  text COLLATE "C" NOT NULL DEFAULT 'opted_out', -- without a reason: the protected reasons then, joined by |
	from_seq bigint NOT NULL DEFAULT 0 -- only what the log has from there on
);

-- What breakers hold: surges of an outcome at a source.
-- Written by insertTrip, updateTrip, Store.beginReview and Store.endReview.
CREATE TABLE breaker_trips (
	id       bigint PRIMARY KEY DEFAULT next_trips(),
	source   text COLLATE "C" NOT NULL,
	outcome  text COLLATE "C" NOT NULL,
	since    bigint NOT NULL,      -- receipt of the first event that was held
	until    bigint NOT NULL,      -- receipt of the last one
	window_us bigint NOT NULL,     -- the breaker's window, in microseconds
	from_seq bigint NOT NULL,
	to_seq   bigint NOT NULL,
	events   bigint NOT NULL,      -- held
	share    bigint NOT NULL,      -- the highest share that a held event met, in millionths
	state    text COLLATE "C" NOT NULL,         -- held, told, released, discarded
	reviewed_at bigint NOT NULL,   -- 0 while it waits
	by       text COLLATE "C" NOT NULL,
	batch    bigint NOT NULL,      -- batches.id of its review, once that has begun; 0 for none
	rule     text COLLATE "C" NOT NULL DEFAULT '', -- which is held, then source and outcome are empty; empty for a surge
	digest   bigint NOT NULL DEFAULT 0 -- of the rule's content
);

-- How many events each source had in each second of the breakers' windows, and
-- how many of them had the outcome.
-- Written by breakerWindow.save, and Store.recount, which empties it.
CREATE TABLE breaker_counts (
	source  text COLLATE "C" NOT NULL,
	outcome text COLLATE "C" NOT NULL,
	second  bigint NOT NULL,       -- of the receipt, since 1970
	events  bigint NOT NULL,
	matches bigint NOT NULL,
	PRIMARY KEY (source, outcome, second)
);

-- The config file that a daemon put in force last, whole, with the secrets in it: a
-- daemon whose file is broken starts with it. Texts of policies have none.
-- Written by Store.SaveConfigFile.
CREATE TABLE config_file (
	path     text COLLATE "C" NOT NULL PRIMARY KEY, -- of the file: daemons that share a store may have one each
	sum      text COLLATE "C" NOT NULL,         -- SHA-256 of the text, in hexadecimal digits
	text     text COLLATE "C" NOT NULL,
	saved_at bigint NOT NULL
);

-- Without a number of its own, a row has the one after the greatest.
CREATE FUNCTION next_policies() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT coalesce(max(id), 0) + 1 FROM policies); END $$;

-- The text of every policy that judged.
-- Written by insertPolicy, which serve and the commands cause before they act.
CREATE TABLE policies (
	id      bigint PRIMARY KEY DEFAULT next_policies(),
	hash    text COLLATE "C" NOT NULL UNIQUE,
	text    text COLLATE "C" NOT NULL,
	first_used_at bigint NOT NULL
);

-- The send log: which contact, and which phone number, a message of a source was for.
-- The first that is said of a message stands, for each of the two apart.
-- Written by txWriter.saveMessage.
CREATE TABLE messages (
	message_id text COLLATE "C" NOT NULL,       -- as contactkey.MessageID gives it
	contact    text COLLATE "C" NOT NULL,       -- the contact's key, '' when not known
	sent_at    bigint NOT NULL,    -- 0 when not known
	source     text COLLATE "C" NOT NULL,
	phone      text COLLATE "C" NOT NULL,       -- E.164, '' when not known
	PRIMARY KEY (source, message_id)
);

-- The send log of versions that did not tell sources apart. It counts for the source of
-- unsourced_owner or, while there is none, for every source, as it did then; what messages
-- has of a message goes before it.
-- Nothing is added to it. Written by txWriter.saveMessage of those versions.
CREATE TABLE unsourced_messages (
	message_id text COLLATE "C" NOT NULL PRIMARY KEY,
	contact    text COLLATE "C" NOT NULL,       -- the contact's key
	sent_at    bigint NOT NULL     -- 0 when not known
);

-- The source that the config had alone when unsourced_messages came to be; one row at most.
-- Written by Store.OwnUnsourced.
CREATE TABLE unsourced_owner (
	source text COLLATE "C" NOT NULL PRIMARY KEY
);

-- Events whose contact is not known: they wait for it, or lie on a number alone.
-- Written by txWriter.match, which the sweep calls, txWriter.releaseUnmatched,
-- txWriter.completeWaiting, and retained.Abandon, which retention calls.
CREATE TABLE unmatched (
	message_id text COLLATE "C" NOT NULL,       -- as contactkey.MessageID gives it
	seq        bigint NOT NULL,
	held_by    bigint NOT NULL,    -- breaker_trips.id, 0 for none
	source     text COLLATE "C" NOT NULL DEFAULT '', -- '' while Store.completeUnmatched has not come to it
	phone      text COLLATE "C" NOT NULL DEFAULT '', -- the number on which it lies, '' for one that waits
	PRIMARY KEY (message_id, seq)
);
CREATE INDEX unmatched_by_phone ON unmatched (phone, seq) WHERE phone <> '';

-- Without a number of its own, a row has the one after the greatest.
CREATE FUNCTION next_contact_conflicts() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT coalesce(max(id), 0) + 1 FROM contact_conflicts); END $$;

-- Messages whose events name another contact than the send log has.
-- Written by InsertConflicts of package messages, which txWriter.saveConflicts calls.
CREATE TABLE contact_conflicts (
	id         bigint PRIMARY KEY DEFAULT next_contact_conflicts(),
	source     text COLLATE "C" NOT NULL,
	message_id text COLLATE "C" NOT NULL,       -- as contactkey.MessageID gives it
	contact    text COLLATE "C" NOT NULL,       -- that the body names
	registered text COLLATE "C" NOT NULL,       -- that the send log has
	seq        bigint NOT NULL,    -- of the first event that was compared
	at         bigint NOT NULL,    -- of that event
	UNIQUE (source, message_id, contact)
);

-- Events whose contact became known, waiting for the next sweep.
-- Written by txWriter.releaseUnmatched, txWriter.completeWaiting, and
-- txWriter.claimMatched, which the sweep calls.
CREATE TABLE matched (
	seq     bigint PRIMARY KEY,
	held_by bigint NOT NULL,       -- breaker_trips.id, 0 for none
	phone   text COLLATE "C" NOT NULL DEFAULT '' -- the number on which it lies until then, '' for none
);

-- Outcomes that reclassifying gave to events in their contacts' histories, and
-- that the log may not have yet.
-- Written by txWriter.savePending and Store.deletePending.
CREATE TABLE pending_outcomes (
	seq     bigint PRIMARY KEY,
	outcome text COLLATE "C" NOT NULL
);

-- How many contacts change from which status to which, and when, to the second:
-- adding up all until now counts contacts by status without reading one.
-- Written by Changes.Save of package statuscounts.
CREATE TABLE status_counts (
	at  bigint NOT NULL,           -- in seconds; 0: what contacts are from the beginning
	was bigint NOT NULL,           -- hygiene.Status; 0 for none
	now bigint NOT NULL,
	n   bigint NOT NULL,
	PRIMARY KEY (at, was, now)
);

-- The same, added up for each day in UTC: there may be a million changes to the second.
-- Written by Changes.Save of package statuscounts.
CREATE TABLE status_days (
	day bigint NOT NULL, -- days since 1970 in UTC
	was bigint NOT NULL,
	now bigint NOT NULL,
	n   bigint NOT NULL,
	PRIMARY KEY (day, was, now)
);

-- How many suppressions each rule opened on a day, by what later events say of them:
-- adding up the days counts what is regretted without reading a contact.
-- Written by Tally.Save of package regret, which the one writer of contacts calls.
CREATE TABLE regret (
	day         bigint NOT NULL,   -- of the opening: days since 1970 in UTC
	rule        text COLLATE "C" NOT NULL,
	digest      bigint NOT NULL,   -- of the rule's content: an edited rule is another one
	unmeasured  bigint NOT NULL,
	found_right bigint NOT NULL,
	regretted   bigint NOT NULL,
	PRIMARY KEY (day, rule, digest)
);

-- Without a number of its own, a row has the one after the greatest.
CREATE FUNCTION next_runs() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT coalesce(max(id), 0) + 1 FROM runs); END $$;

-- Runs of exports; a scheduled time of an export has one.
-- Written by putRun, replaceRun and Store.PostponeRun.
CREATE TABLE runs (
	id           bigint PRIMARY KEY DEFAULT next_runs(), -- in the order in which they began
	export       text COLLATE "C" NOT NULL,
	scheduled_at bigint NOT NULL,
	status       text COLLATE "C" NOT NULL,
	as_of        bigint NOT NULL,
	finished_at  bigint NOT NULL,
	through_seq  bigint NOT NULL,
	policy       text COLLATE "C" NOT NULL,
	error        text COLLATE "C" NOT NULL,
	held_reason  text COLLATE "C" NOT NULL DEFAULT '', -- why the guard held it, without what to do about it
	ledger       bigint NOT NULL DEFAULT -1, -- ledger.id of the last entry in the run's snapshot; -1 where it is not known
	next_try_at  bigint NOT NULL DEFAULT 0, -- of a failed run: when a daemon tries it again; 0 for unknown
	started_by   text COLLATE "C" NOT NULL DEFAULT '', -- who asked for it; empty for the schedule
	released_by  text COLLATE "C" NOT NULL DEFAULT '', -- who released it when it was held; empty for nobody
	UNIQUE (export, scheduled_at)
);

-- Finds the latest runs of an export that have some status.
CREATE INDEX runs_by_status ON runs (export, status);

-- The segments that are whole in a run: what later runs are compared with.
-- Written by putSegments.
CREATE TABLE run_segments (
	export       text COLLATE "C" NOT NULL,
	scheduled_at bigint NOT NULL,    -- of the run
	segment      text COLLATE "C" NOT NULL,
	rows         bigint NOT NULL,
	members      bigint NOT NULL,    -- 1: a list of the members is kept, see Store.CreateMembers
	days         bigint NOT NULL DEFAULT 0, -- different days on which the segment was published, with this run
	PRIMARY KEY (export, scheduled_at, segment)
);

-- Which remotes get which published runs, and the state of that.
-- Written by putDelivery, insertDelivery and deleteDelivery.
CREATE TABLE deliveries (
	export       text COLLATE "C" NOT NULL,
	scheduled_at bigint NOT NULL,    -- of the run
	remote       text COLLATE "C" NOT NULL,       -- as people see it, without secrets
	status       text COLLATE "C" NOT NULL,       -- waiting, delivered, gone
	tries        bigint NOT NULL,
	next_at      bigint NOT NULL,    -- while it waits: when it is tried again
	delivered_at bigint NOT NULL,    -- 0 until then
	error        text COLLATE "C" NOT NULL,       -- of the last try
	PRIMARY KEY (export, scheduled_at, remote)
);

-- The times for which each job is done; the latest few hundred.
-- Written by putJobTime, which the schedule causes.
CREATE TABLE jobs (
	name text COLLATE "C" NOT NULL,
	at   bigint NOT NULL,
	PRIMARY KEY (name, at)
);

-- Which contacts are on which static list, in byte order, as a run goes through
-- them.
-- Written by txWriter.changeListed.
CREATE TABLE lists (
	list    text COLLATE "C" NOT NULL,
	contact text COLLATE "C" NOT NULL,          -- the contact's key
	PRIMARY KEY (list, contact)
);

-- Contacts that people put in a segment, or took out of it.
-- Written by txWriter.changePin.
CREATE TABLE pins (
	contact text COLLATE "C" NOT NULL,          -- the contact's key
	segment text COLLATE "C" NOT NULL,
	out     bigint NOT NULL,       -- 0: in
	at      bigint NOT NULL,
	by      text COLLATE "C" NOT NULL,
	note    text COLLATE "C" NOT NULL,
	PRIMARY KEY (contact, segment)
);

-- The keys of merged contacts: those that were merged into another, and the
-- contact's own. What is not here names the contact of that key.
-- Written by putName and txWriter.claimName.
CREATE TABLE names (
	key         text COLLATE "C" NOT NULL PRIMARY KEY,
	contact     text COLLATE "C" NOT NULL,      -- the key of the contact that it names
	merged_into text COLLATE "C" NOT NULL,      -- the key that it was merged into; '' for the contact's own
	batch       bigint NOT NULL,   -- batches.id of that merge; here and in what follows 0 for the contact's own
	at          bigint NOT NULL,   -- when that was
	seq         bigint NOT NULL,   -- the log's end then
	id          bigint NOT NULL,   -- contacts.id that it has when it is parted
	known       bigint NOT NULL,   -- 0: no contact of this key would be known, had it not been merged
	ledger      bigint NOT NULL    -- its latest ledger entry, 0 for none
);

-- Finds the keys of a merged contact.
CREATE INDEX names_by_contact ON names (contact);

-- Finds a key by the id that a contact had, in the ledger and with numbers.
CREATE INDEX names_by_id ON names (id);

-- Which static lists the keys of merged contacts would be on if they were parted.
-- Written by putNameList.
CREATE TABLE name_lists (
	key  text COLLATE "C" NOT NULL,
	list text COLLATE "C" NOT NULL,
	PRIMARY KEY (key, list)
);

-- The pins that the keys of merged contacts would have if they were parted.
-- Written by putNamePin.
CREATE TABLE name_pins (
	key     text COLLATE "C" NOT NULL,
	segment text COLLATE "C" NOT NULL,
	out     bigint NOT NULL,       -- as in pins, and so are the others
	at      bigint NOT NULL,
	by      text COLLATE "C" NOT NULL,
	note    text COLLATE "C" NOT NULL,
	PRIMARY KEY (key, segment)
);

-- What each batch of merges merges, undone or not.
-- Written by txWriter.merge.
CREATE TABLE merges (
	batch bigint NOT NULL REFERENCES batches(id),
	old   text COLLATE "C" NOT NULL,            -- the key that becomes another name
	new   text COLLATE "C" NOT NULL,            -- of this one
	PRIMARY KEY (batch, old)
);

-- What stays of persons who were forgotten: keyed hashes of their keys and numbers, with
-- what keeps them away. See package forgotten.
-- Written by insertRow, setSubject, deleteReason, liftReason and Undo of package forgotten, which remember,
-- txWriter.recall, txWriter.renew and txWriter.forgive call.
CREATE TABLE forgotten (
	hash    bytea NOT NULL,          -- HMAC-SHA256 of a contact's key, or of a phone number
	person  bigint NOT NULL,       -- those of one person have the same
	reason  text COLLATE "C" NOT NULL,          -- '' for nothing; each name of a person has such a row
	since   bigint NOT NULL,
	until   bigint NOT NULL,       -- 0 for no end
	of_number bigint NOT NULL,     -- 1: of a key, and lies on the phone number that it had
	named   bigint NOT NULL,       -- 1: the number itself was named, and no contact
	subject bigint NOT NULL,       -- contacts.id, or the negative of numbers.id, that has the name again; 0 for none
	lifted  bigint NOT NULL DEFAULT 0, -- batches.id of what lifted it; negative when that was undone, so that it holds again
	PRIMARY KEY (hash, person, reason)
);

-- Finds the names of a person.
CREATE INDEX forgotten_by_person ON forgotten (person);

-- Messages that were for forgotten persons.
-- Written by insertMessage of package forgotten, which rememberMessages calls.
CREATE TABLE forgotten_messages (
	hash   bytea NOT NULL,           -- HMAC-SHA256 of source and message id
	person bigint NOT NULL,        -- see forgotten
	PRIMARY KEY (hash, person)
);

-- Events about such messages, until they are erased from the log.
-- Written by txWriter.insertLate and deleteLate, which the sweep calls.
CREATE TABLE late_events (
	seq bigint PRIMARY KEY
);

-- One row: the secret of those hashes, made at random for this store.
-- Written by setSecret of package forgotten, which remember calls.
CREATE TABLE forgotten_secret (
	id     bigint PRIMARY KEY,
	secret bytea NOT NULL
);

-- Contacts that may not be forgotten, and of which nothing ends by age.
-- Written by putHold and deleteHold.
CREATE TABLE holds (
	contact text COLLATE "C" NOT NULL PRIMARY KEY, -- the key that was named, which may be another name by now
	at      bigint NOT NULL,
	by      text COLLATE "C" NOT NULL,
	note    text COLLATE "C" NOT NULL
);

-- Persons who are being forgotten, until nothing else of them is left.
-- Written by InsertPending, BeginPending, SetSeq and DeletePending of package erasure,
-- which txWriter.beginForgetting and Run.end call.
CREATE TABLE erasures (
	id      bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
	at      bigint NOT NULL,       -- when it was asked for
	exports bigint NOT NULL,       -- 1: also from the files of kept runs
	subject text COLLATE "C" NOT NULL,          -- the contact's key, or that of a number as a subject
	begun   bigint NOT NULL,       -- 1: the contact is deleted
	seq     bigint NOT NULL        -- place in the log up to which that was read
);

-- What names the persons who are being forgotten.
-- Written by insertText of package erasure.
CREATE TABLE erasure_texts (
	erasure bigint NOT NULL,       -- erasures.id
	kind    text COLLATE "C" NOT NULL,          -- key, phone, message
	source  text COLLATE "C" NOT NULL,          -- of a message
	text    text COLLATE "C" NOT NULL,
	PRIMARY KEY (erasure, kind, source, text)
);

-- Swept events that name their contact, whose message the send log did not have: the latest
-- of them, for a line that comes late.
-- Written by package messages, which txWriter.noteUnregistered and txWriter.trimUnregistered call.
CREATE TABLE unregistered (
	message bigint NOT NULL, -- hygiene.MessageHash of source and message id
	seq     bigint NOT NULL, -- of the event
	PRIMARY KEY (message, seq)
);

-- Messages that were sent and had no terminal event by the last review.
-- Written by Save of package silence, which Store.CountSilent calls.
CREATE TABLE silent_messages (
	source   text COLLATE "C" NOT NULL,
	day      bigint NOT NULL, -- of the sending: days since 1970 in UTC
	messages bigint NOT NULL,
	PRIMARY KEY (source, day)
);

-- One row: when these were counted, and how long after its sending a message was silent.
-- Written by Save of package silence, which Store.CountSilent calls.
CREATE TABLE silence_counted (
	id    bigint PRIMARY KEY,
	at    bigint NOT NULL,
	after bigint NOT NULL -- nanoseconds
);

-- When something of a source was received for the first and the last time.
-- Written by Note of package quiet, which Store.Sweep calls.
CREATE TABLE sources_seen (
	source text COLLATE "C" NOT NULL PRIMARY KEY,
	first  bigint NOT NULL,
	last   bigint NOT NULL
);

-- The longest time without an event of a source that ended on a day; of some weeks.
-- Written by Note of package quiet, which Store.Sweep calls.
CREATE TABLE source_gaps (
	source text COLLATE "C" NOT NULL,
	day    bigint NOT NULL, -- days since 1970 in UTC
	gap    bigint NOT NULL, -- nanoseconds
	PRIMARY KEY (source, day)
);

-- How many contacts had which status when the first sweep or review of a day counted them.
-- Written by Note of package daycounts, which Store.markCounted calls.
CREATE TABLE day_counts (
	day      bigint NOT NULL, -- days since 1970 in UTC
	status   text COLLATE "C" NOT NULL,
	contacts bigint NOT NULL,
	PRIMARY KEY (day, status)
);

-- Single numbers: see the constants in store/counters.go.
-- Written by counters.Set.
CREATE TABLE counters (
	name  text COLLATE "C" NOT NULL PRIMARY KEY,
	value bigint NOT NULL
);

-- What several processes sweep together: the portions of the part of the log that is being
-- swept, and what became of them. A portion is the events of some of the contacts.
-- Written by package portions, which Store.sweepTogether and Store.sweepPortion call.
CREATE TABLE sweep_portions (
	portion     bigint PRIMARY KEY,
	portions    bigint NOT NULL,       -- how many there are, by which a contact is in this one
	policy      bigint NOT NULL,       -- policies.id by which they are judged
	send_log    text COLLATE "C" NOT NULL, -- sources of which only messages that the send log has count, joined by |
	entries     bytea NOT NULL,        -- the events: their seqs, and the trips that hold them, see portions.Entry
	done        bigint NOT NULL,       -- 1: they have been swept
	events      bigint NOT NULL,       -- what sweeping them did, see store.Swept, as in the columns that follow
	repeats     bigint NOT NULL,
	too_old     bigint NOT NULL,
	unmatched   bigint NOT NULL,
	changes     bigint NOT NULL
);
ALTER TABLE sweep_portions ALTER COLUMN entries SET STORAGE EXTERNAL;

-- Processes that take portions, and when each was ready for one last.
-- Written by package portions, which Store.HelpSweep calls.
CREATE TABLE sweepers (
	sweeper text COLLATE "C" PRIMARY KEY, -- random, of one open store
	seen_at bigint NOT NULL               -- by the clock of the server
);

-- The members of the segments of runs, which later runs are compared with, in parts. See
-- package members.
CREATE TABLE member_lists (
	export     text COLLATE "C" NOT NULL,
	segment    text COLLATE "C" NOT NULL,
	run        text COLLATE "C" NOT NULL,
	version    bigint NOT NULL,
	part       bigint NOT NULL,         -- 0: the list is whole
	written_at bigint NOT NULL,         -- seconds since 1970 UTC
	bytes      bytea NOT NULL,
	PRIMARY KEY (export, segment, run, version, part)
);
ALTER TABLE member_lists ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- The time of the server, in microseconds since 1970 UTC.
CREATE FUNCTION winnow_now() RETURNS bigint LANGUAGE sql AS $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $$;

-- Ends a commit to the log of an appender that has appended so many lines by now, in so many
-- commits, this one included. It fails if the appender was closed, or has gone on with another
-- connection: what that one was told of the appender stays true.
CREATE FUNCTION winnow_appended(who bigint, by_writer text, lines bigint, so_many bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	UPDATE appenders SET n = lines, commits = so_many, seen_at = winnow_now() WHERE appender = who AND writer = by_writer AND closed_at = 0;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'appender % was closed, or has another connection', who USING ERRCODE = 'WN001';
	END IF;
END $$;

-- The history of the server: one that was promoted has another than the one that it followed,
-- and one that was restored to a moment than the one that was backed up. Empty where a server
-- does not say.
CREATE FUNCTION winnow_timeline() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN left(pg_walfile_name(pg_current_wal_lsn()), 8);
EXCEPTION WHEN feature_not_supported OR insufficient_privilege OR object_not_in_prerequisite_state THEN
	RETURN '';
END $$;

-- Reserves so many ids of a table for one of several transactions that write beside each other,
-- and returns the first. They are greater than all that were given out before: what another
-- transaction has reserved and not committed is known by the sequence, the rest by the table.
-- A transaction that writes alone needs no sequence.
CREATE SEQUENCE contact_ids MINVALUE 0 START 0;
CREATE SEQUENCE ledger_ids MINVALUE 0 START 0;
CREATE FUNCTION winnow_ids(ids regclass, greatest_id bigint, n bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	first bigint;
BEGIN
	PERFORM pg_advisory_lock(ids::oid::bigint);
	first := greatest(nextval(ids), greatest_id) + 1;
	PERFORM setval(ids, first + n - 1);
	PERFORM pg_advisory_unlock(ids::oid::bigint);
	RETURN first;
END $$;

-- Gives a place in the log to lines that have arrived, at most so many of each appender, and
-- returns how many. Of an appender it takes what is committed, in the order of its numbers,
-- which have no gap: so a place is never behind one that was read before, whatever any
-- appender still commits. One at a time settles.
CREATE FUNCTION settle(most bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	last log_end;
	who record;
	n_events bigint;
	n_bodies bigint;
	n_bytes bigint;
	kept quarantine_size;
	oldest record;
	total bigint := 0;
BEGIN
	IF NOT EXISTS (SELECT 1 FROM appenders a LEFT JOIN settled s USING (appender) WHERE a.n > coalesce(s.n, 0)) THEN
		RETURN 0;
	END IF;
	SELECT * INTO last FROM log_end WHERE id = 1 FOR UPDATE;
	FOR who IN SELECT a.appender, a.writer || '.' || winnow_timeline() AS writer, coalesce(s.writer, '') AS before, coalesce(s.n, 0) AS since, least(a.n, coalesce(s.n, 0) + most) AS n
		FROM appenders a LEFT JOIN settled s USING (appender) WHERE a.n > coalesce(s.n, 0) ORDER BY a.appender
	LOOP
		IF who.writer <> who.before THEN
			INSERT INTO writers (first, writer) VALUES (last.seq + last.quarantined + 1, who.writer) ON CONFLICT (first) DO UPDATE SET writer = excluded.writer;
		END IF;
		INSERT INTO events (seq, received_at, at, source, message_id, event, code, outcome, contact, body, phone)
			SELECT last.seq + row_number() OVER (ORDER BY n), received_at, at, source, message_id, event, code, outcome, contact, body, phone
			FROM arrivals WHERE appender = who.appender AND n > who.since AND n <= who.n AND outcome <> '' ORDER BY n;
		GET DIAGNOSTICS n_events = ROW_COUNT;
		last.seq := last.seq + n_events;
		n_bodies := who.n - who.since - n_events;
		IF n_bodies > 0 THEN
			INSERT INTO quarantine (id, received_at, source, why, body, request)
				SELECT last.quarantined + row_number() OVER (ORDER BY n), received_at, source, why, body, request
				FROM arrivals WHERE appender = who.appender AND n > who.since AND n <= who.n AND outcome = '' ORDER BY n;
			GET DIAGNOSTICS n_bodies = ROW_COUNT;
			SELECT coalesce(sum(length(body) + octet_length(request)), 0) INTO n_bytes FROM quarantine WHERE id > last.quarantined;
			last.quarantined := last.quarantined + n_bodies;
			UPDATE quarantine_size SET bodies = bodies + n_bodies, bytes = bytes + n_bytes WHERE id = 1 RETURNING * INTO kept;
			INSERT INTO places (n, quarantined) VALUES (last.seq + last.quarantined, last.quarantined)
				ON CONFLICT (n) DO UPDATE SET quarantined = excluded.quarantined;
			FOR oldest IN SELECT id, length(body) + octet_length(request) AS bytes FROM quarantine ORDER BY id LOOP
				EXIT WHEN kept.bodies <= last.keep_rows AND kept.bytes <= last.keep_bytes;
				DELETE FROM quarantine WHERE id = oldest.id;
				kept.bodies := kept.bodies - 1;
				kept.bytes := kept.bytes - oldest.bytes;
			END LOOP;
			UPDATE quarantine_size SET bodies = kept.bodies, bytes = kept.bytes WHERE id = 1;
		END IF;
		DELETE FROM arrivals WHERE appender = who.appender AND n > who.since AND n <= who.n;
		INSERT INTO settled (appender, n, writer) VALUES (who.appender, who.n, who.writer) ON CONFLICT (appender) DO UPDATE SET n = excluded.n, writer = excluded.writer;
		total := total + who.n - who.since;
	END LOOP;
	UPDATE log_end SET seq = last.seq, quarantined = last.quarantined WHERE id = 1;
	RETURN total;
END $$;

-- Facts are packed already, and rewritten in their place where there is room.
ALTER TABLE contacts ALTER COLUMN facts SET STORAGE EXTERNAL;
ALTER TABLE contacts ALTER COLUMN attributes SET STORAGE EXTERNAL;
ALTER TABLE contacts SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE numbers SET (fillfactor = 80);
ALTER TABLE log_end SET (fillfactor = 20);
ALTER TABLE appenders SET (fillfactor = 20);
ALTER TABLE settled SET (fillfactor = 20);
ALTER TABLE leases SET (fillfactor = 20);
ALTER TABLE counters SET (fillfactor = 50);

-- Takes a lease that nobody holds, or whose time is over, and returns its new epoch; 0 if
-- another holds it. Who asks has it already if the answer was lost by which it got it. A
-- lease is also over that was of this epoch, until this time, for longer than one lasts,
-- by the clock of who asks: the clock of the server may have been set back. Its holder has
-- locked the row while it writes: that is not waited for.
CREATE FUNCTION winnow_take(of_name text, by_owner text, on_host text, process bigint, lasts bigint, old_epoch bigint, old_until bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	new_epoch bigint;
BEGIN
	INSERT INTO leases (name, owner, host, pid, epoch, since, until) VALUES (of_name, '', '', 0, 0, 0, 0) ON CONFLICT DO NOTHING;
	PERFORM 1 FROM leases WHERE name = of_name AND (until < winnow_now() OR owner = by_owner OR (epoch = old_epoch AND until = old_until)) FOR UPDATE SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN 0;
	END IF;
	UPDATE leases SET owner = by_owner, host = on_host, pid = process, epoch = epoch + 1, since = winnow_now(), until = winnow_now() + lasts
		WHERE name = of_name RETURNING epoch INTO new_epoch;
	RETURN new_epoch;
END $$;

-- Locks the row of a lease until the transaction ends, and prolongs it. It fails if the lease
-- is another's by now.
CREATE FUNCTION winnow_hold(of_name text, by_owner text, of_epoch bigint, lasts bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	UPDATE leases SET until = winnow_now() + lasts WHERE name = of_name AND owner = by_owner AND epoch = of_epoch;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'lease % was taken over', of_name USING ERRCODE = 'WN002';
	END IF;
END $$;

-- Fails if the lease is another's by now. It can't become another's before the transaction
-- ends, and can be prolonged by others meanwhile.
CREATE FUNCTION winnow_fence(of_name text, by_owner text, of_epoch bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM 1 FROM leases WHERE name = of_name AND owner = by_owner AND epoch = of_epoch FOR KEY SHARE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'lease % was taken over', of_name USING ERRCODE = 'WN002';
	END IF;
END $$;

-- The last write of contacts of each process, so that its fate is known when its answer is lost.
-- Written by writes.number and Engine.forgetWrites.
CREATE TABLE written (
	writer text COLLATE "C" PRIMARY KEY, -- random, of one open store
	n      bigint NOT NULL,
	at     bigint NOT NULL
) WITH (fillfactor = 20);

-- Has no row, or one for a moment: it shows whether what was deleted can be removed, see vacuum.go.
-- Written by isUnread.
CREATE TABLE vacuumed (
	id bigint NOT NULL
) WITH (autovacuum_enabled = off);

-- Prolongs a lease beside the transactions that write: where one of them has locked the row, it
-- will have prolonged it. It fails if the lease is another's by now.
CREATE FUNCTION winnow_renew(of_name text, by_owner text, of_epoch bigint, lasts bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM 1 FROM leases WHERE name = of_name AND owner = by_owner AND epoch = of_epoch FOR NO KEY UPDATE SKIP LOCKED;
	IF FOUND THEN
		UPDATE leases SET until = winnow_now() + lasts WHERE name = of_name AND owner = by_owner AND epoch = of_epoch;
	ELSIF NOT EXISTS (SELECT 1 FROM leases WHERE name = of_name AND owner = by_owner AND epoch = of_epoch) THEN
		RAISE EXCEPTION 'lease % was taken over', of_name USING ERRCODE = 'WN002';
	END IF;
END $$;

-- One row in a database that winnow migrate fills, or has filled, from the files of a store.
-- Written by Target.Begin and Target.End.
CREATE TABLE migration (
	id       bigint PRIMARY KEY,
	mark     text COLLATE "C" NOT NULL, -- of the files, by which they are known again
	began_at bigint NOT NULL,           -- microseconds since 1970 UTC, by the clock of the server
	ended_at bigint NOT NULL            -- 0 while the copy is not complete: nobody but winnow migrate may use it
);

-- How far each table is copied. What is here names rows of the store, so it is deleted when
-- the copy is complete.
-- Written by Target.Append and Target.End.
CREATE TABLE migrated (
	name  text COLLATE "C" PRIMARY KEY,
	last  bytea NOT NULL,  -- the key of the last row that was copied, in the form of package migration
	rows  bigint NOT NULL, -- copied so far
	whole bigint NOT NULL  -- 1: none is missing
);
