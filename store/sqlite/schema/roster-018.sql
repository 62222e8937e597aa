-- Events without a contact that lie on a phone number alone. Those whose message the send
-- log has for a number are judged by the next sweep.
ALTER TABLE unmatched ADD COLUMN phone TEXT NOT NULL DEFAULT '';
CREATE INDEX unmatched_by_phone ON unmatched (phone, seq) WHERE phone <> '';
ALTER TABLE matched ADD COLUMN phone TEXT NOT NULL DEFAULT '';
INSERT INTO matched (seq, held_by)
	SELECT u.seq, u.held_by FROM unmatched u JOIN messages m ON m.source = u.source AND m.message_id = u.message_id
	WHERE m.contact = '' AND m.phone <> '' ON CONFLICT (seq) DO NOTHING;
DELETE FROM unmatched WHERE seq IN (SELECT seq FROM matched);
