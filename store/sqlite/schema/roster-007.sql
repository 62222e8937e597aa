-- How far the ledger was in a run's snapshot: what changed contacts since then shows
-- whether a held run is out of date. Of earlier runs it is not known.
ALTER TABLE runs ADD COLUMN ledger INTEGER NOT NULL DEFAULT -1;
