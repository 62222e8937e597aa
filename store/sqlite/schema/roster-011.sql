-- Contacts may have the outcomes blocked and deactivated, which earlier versions do
-- not know: they must not open this file.
SELECT 1;
