-- What an operator lifted of a forgotten person is kept, so that undoing it restores it.
ALTER TABLE forgotten ADD COLUMN lifted INTEGER NOT NULL DEFAULT 0;
