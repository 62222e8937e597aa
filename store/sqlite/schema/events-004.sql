-- The phone number that the body of an event names, in E.164; '' for none.
ALTER TABLE events ADD COLUMN phone TEXT NOT NULL DEFAULT '';
