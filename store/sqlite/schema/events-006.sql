-- The rest of a callback whose signature was not verified; '' for a body that could not be
-- read.
ALTER TABLE quarantine ADD COLUMN request TEXT NOT NULL DEFAULT '';
