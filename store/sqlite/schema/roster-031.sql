-- Who asked for a run, and who released it.
ALTER TABLE runs ADD COLUMN started_by TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN released_by TEXT NOT NULL DEFAULT '';
