-- Plainer names, and none that PostgreSQL reserves. Only the schema changes: no
-- row is touched.
ALTER TABLE retries RENAME TO retry_messages;
ALTER TABLE trips RENAME TO breaker_trips;
ALTER TABLE surges RENAME TO breaker_counts;
ALTER TABLE rewordings RENAME TO pending_outcomes;
ALTER TABLE tally RENAME TO status_counts;
ALTER TABLE parts RENAME TO run_segments;
ALTER TABLE progress RENAME TO counters;

ALTER TABLE ledger RENAME COLUMN hand TO origin;
ALTER TABLE ledger RENAME COLUMN held TO held_by;
ALTER TABLE strikes RENAME COLUMN held TO held_by;
ALTER TABLE unmatched RENAME COLUMN held TO held_by;
ALTER TABLE matched RENAME COLUMN held TO held_by;
ALTER TABLE batches RENAME COLUMN undone TO undone_by;
ALTER TABLE breaker_trips RENAME COLUMN window TO window_us;
