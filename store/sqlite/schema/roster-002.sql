-- Which remotes get which published runs, and how far that is.
-- Some stores of the first schema have it already.
-- Written by Store.Owe and Store.EnterDelivery.
CREATE TABLE IF NOT EXISTS deliveries (
	export       TEXT NOT NULL,
	scheduled_at INTEGER NOT NULL,    -- of the run
	remote       TEXT NOT NULL,       -- as people see it, without secrets
	status       TEXT NOT NULL,       -- waiting, delivered, gone
	tries        INTEGER NOT NULL,
	next_at      INTEGER NOT NULL,    -- while it waits: when it is tried again
	delivered_at INTEGER NOT NULL,    -- 0 until then
	error        TEXT NOT NULL,       -- of the last try
	PRIMARY KEY (export, scheduled_at, remote)
) STRICT, WITHOUT ROWID;

-- For the latest runs of an export that have some status.
CREATE INDEX IF NOT EXISTS runs_by_status ON runs (export, status);
