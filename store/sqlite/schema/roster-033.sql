-- What a rule said before it was held stays when what it said since is discarded.
ALTER TABLE strikes ADD COLUMN from_seq INTEGER NOT NULL DEFAULT 0;
