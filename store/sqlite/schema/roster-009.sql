-- When a daemon tries a failed run again.
ALTER TABLE runs ADD COLUMN next_try_at INTEGER NOT NULL DEFAULT 0;
