-- The config file that a daemon put in force last, whole, with the secrets in it: a
-- daemon whose file is broken starts with it. Texts of policies have none.
-- Written by Store.SaveConfigFile.
CREATE TABLE config_file (
	path     TEXT NOT NULL PRIMARY KEY, -- of the file: daemons that share a store may have one each
	sum      TEXT NOT NULL,         -- SHA-256 of the text, in hexadecimal digits
	text     TEXT NOT NULL,
	saved_at INTEGER NOT NULL
) STRICT;
