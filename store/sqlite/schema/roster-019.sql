CREATE INDEX names_by_id ON names (id);
