-- A retry keeps unique_args of 8 KiB at most; longer ones are in the event's body.
UPDATE retry_messages SET unique_args = NULL WHERE length(unique_args) > 8192;
