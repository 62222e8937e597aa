-- What rules did, by rule and day, and what later events say of it. A store that was there
-- before has counted nothing yet, and begins with the next day.
CREATE TABLE regret (
	day         INTEGER NOT NULL,
	rule        TEXT NOT NULL,
	digest      INTEGER NOT NULL,
	unmeasured  INTEGER NOT NULL,
	found_right INTEGER NOT NULL,
	regretted   INTEGER NOT NULL,
	PRIMARY KEY (day, rule, digest)
) STRICT, WITHOUT ROWID;
INSERT INTO counters (name, value)
	SELECT 'regret_since', (unixepoch() / 86400 + 1) * 86400000000
	WHERE EXISTS (SELECT 1 FROM contacts) OR EXISTS (SELECT 1 FROM numbers);
