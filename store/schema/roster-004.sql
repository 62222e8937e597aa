-- Why the guard held a run, apart from what people can do about it: a run that
-- is discarded later still says why it was held.
ALTER TABLE runs ADD COLUMN held_reason TEXT NOT NULL DEFAULT '';

-- Earlier versions had both in one sentence.
UPDATE runs SET held_reason = substr(error, 1, instr(error || '; so the run is held', '; so the run is held') - 1)
	WHERE status = 'held';
