-- Keys that differ from their loose form, so that keys that are nearly the same are
-- found. Stores of earlier versions are looked through when they are opened.
CREATE TABLE near_keys (
	loose   TEXT NOT NULL,
	contact INTEGER NOT NULL,
	PRIMARY KEY (loose, contact)
) STRICT, WITHOUT ROWID;
