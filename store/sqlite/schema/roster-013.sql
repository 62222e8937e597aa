-- Messages are told apart by source and id: accounts at providers may give out the same
-- ids. What earlier versions registered has no source. It stays where it is, whatever its
-- size, and no row is touched.
ALTER TABLE messages RENAME TO unsourced_messages;

CREATE TABLE messages (
	message_id TEXT NOT NULL,
	contact    TEXT NOT NULL,
	sent_at    INTEGER NOT NULL,
	source     TEXT NOT NULL,
	phone      TEXT NOT NULL,
	PRIMARY KEY (source, message_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE unsourced_owner (
	source TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- The log has the sources of the events that wait: Store.completeUnmatched reads them
-- there, a few thousand at a time.
ALTER TABLE unmatched ADD COLUMN source TEXT NOT NULL DEFAULT '';
INSERT INTO counters (name, value) SELECT 'incomplete_unmatched', 1 WHERE EXISTS (SELECT 1 FROM unmatched);
