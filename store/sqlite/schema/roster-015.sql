-- What becomes protected later changes nothing that was struck before. Earlier versions
-- protected opt-outs alone.
ALTER TABLE strikes ADD COLUMN spares TEXT NOT NULL DEFAULT 'opted_out';
