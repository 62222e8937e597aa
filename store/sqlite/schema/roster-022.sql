-- Swept events that name their contact, whose message the send log did not have: the latest
-- of them, for a line that comes late.
-- Written by package messages, which sweeps call.
CREATE TABLE unregistered (
	message INTEGER NOT NULL, -- hygiene.MessageHash of source and message id
	seq     INTEGER NOT NULL, -- of the event
	PRIMARY KEY (message, seq)
) STRICT, WITHOUT ROWID;
