-- Messages whose events name another contact than the send log. Events that were swept
-- before are not compared.
CREATE TABLE contact_conflicts (
	id         INTEGER PRIMARY KEY,
	source     TEXT NOT NULL,
	message_id TEXT NOT NULL,
	contact    TEXT NOT NULL,
	registered TEXT NOT NULL,
	seq        INTEGER NOT NULL,
	at         INTEGER NOT NULL,
	UNIQUE (source, message_id, contact)
) STRICT;
INSERT INTO counters (name, value) SELECT 'compared', value FROM counters WHERE name = 'cursor' ON CONFLICT (name) DO NOTHING;
