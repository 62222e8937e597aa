package command

// importCommand brings in what happened before winnow, or beside it.
type importCommand struct {
	Events   importEventsCommand   `cmd:"" help:"An archive: NDJSON {\"source\", \"received_at\", \"body\"}."`
	Messages importMessagesCommand `cmd:"" help:"The send log: CSV or NDJSON message_id,contact[,phone][,sent_at], or the provider's send responses."`

	Contacts     importContactsCommand     `cmd:"" help:"What the CRM says of contacts: CSV with a header, contact, phone, and every other column an attribute. Shows first."`
	Suppressions importSuppressionsCommand `cmd:"" help:"Whom not to text: CSV contact,reason[,until]. Shows first."`
}
