-- Late events about messages to forgotten persons, until they are erased from the log.
CREATE TABLE late_events (
	seq INTEGER PRIMARY KEY
) STRICT;
