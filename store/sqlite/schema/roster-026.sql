-- Finds the entries of a manual change. Those of rules are not in it.
CREATE INDEX ledger_batch ON ledger (batch) WHERE batch <> 0;
