-- On how many days a segment was published: before there are a few, its growth is
-- not limited.
ALTER TABLE run_segments ADD COLUMN days INTEGER NOT NULL DEFAULT 0;

-- Earlier versions did not count. A segment that joined its export later is taken
-- to be as old as the export: its growth is limited earlier, not later.
UPDATE run_segments SET days = (SELECT count(DISTINCT scheduled_at / 86400000000) FROM runs AS other
	WHERE other.export = run_segments.export
	AND (other.status IN ('published', 'released') OR other.scheduled_at = run_segments.scheduled_at)
	AND other.id <= (SELECT id FROM runs AS own WHERE own.export = run_segments.export AND own.scheduled_at = run_segments.scheduled_at));
