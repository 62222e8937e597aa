-- The changes of whole days, so that counting contacts by status does not add up each second.
CREATE TABLE status_days (
	day INTEGER NOT NULL, -- days since 1970 in UTC
	was INTEGER NOT NULL,
	now INTEGER NOT NULL,
	n   INTEGER NOT NULL,
	PRIMARY KEY (day, was, now)
) STRICT, WITHOUT ROWID;
INSERT INTO status_days (day, was, now, n)
	SELECT (at - (at % 86400 + 86400) % 86400) / 86400 AS day, was, now, sum(n) FROM status_counts GROUP BY day, was, now HAVING sum(n) <> 0;
