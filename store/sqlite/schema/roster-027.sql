-- How many contacts had which status when the first sweep or review of a day counted them.
CREATE TABLE day_counts (
	day      INTEGER NOT NULL, -- days since 1970 in UTC
	status   TEXT NOT NULL,
	contacts INTEGER NOT NULL,
	PRIMARY KEY (day, status)
) STRICT, WITHOUT ROWID;
