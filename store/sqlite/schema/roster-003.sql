-- For lists of phone numbers: who has this one.
CREATE INDEX IF NOT EXISTS contacts_by_phone ON contacts (phone) WHERE phone IS NOT NULL;
