-- A rule whose suppressions are regretted too often is held like a surge.
ALTER TABLE breaker_trips ADD COLUMN rule TEXT NOT NULL DEFAULT '';
ALTER TABLE breaker_trips ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;
