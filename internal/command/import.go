package command

import (
	"winnow/internal/app"
	"winnow/internal/imports"
	"winnow/internal/ui"
)

// importCommand imports files.
type importCommand struct {
	Events       importEventsCommand       `cmd:"" help:"Import an archive of callbacks: JSON {\"source\", \"received_at\", \"body\"}, as lines or an array."`
	Messages     importMessagesCommand     `cmd:"" help:"Import the send log: CSV or NDJSON message_id,contact[,phone][,sent_at], or the provider's send responses."`
	Contacts     importContactsCommand     `cmd:"" help:"Import phones and attributes of contacts: CSV or JSON. Previews unless --apply."`
	Suppressions importSuppressionsCommand `cmd:"" help:"Import suppressions: CSV or JSON contact,reason[,until]. Previews unless --apply."`
}

// importEventsCommand imports an archive of callbacks.
type importEventsCommand struct {
	File      string   `arg:"" help:"NDJSON file or a JSON array, or a message list; - for stdin."`
	Source    string   `placeholder:"NAME" help:"Read a message list of this source: CSV with a header, NDJSON or a JSON array."`
	Map       []string `placeholder:"WHAT=COLUMN" help:"Read what is id, event, at, code or contact from these columns of a message list, as in id=MessageSid,event=Status (default: the columns of the same names)."`
	From      string   `placeholder:"PRESET" help:"Read bodies as this provider sends them, with nothing around them: JSON, or forms and queries, one a line."`
	Received  string   `placeholder:"TIME" help:"Take this as the time of events that name none, with --from."`
	Rejected  string   `placeholder:"FILE" help:"Write rejected lines to this file, with line number and reason."`
	textFlags `embed:""`
}

// Help says which files are read.
func (importEventsCommand) Help() string {
	return `Each callback has the source that received it, the time, like 2026-01-02T03:04:05Z, and the body: as JSON, or as a
string that holds it. So what winnow quarantine --json prints can be imported. A body that cannot be read goes to
quarantine. Importing a file again changes nothing: repeats count once.

With --source the file is a message list, as providers offer it for download, and each row is an event: the outcomes of
the source decide what its event and code mean. Its time is like 2026-01-02 03:04:05, in UTC unless it has a zone, or in
seconds since 1970. A list without contacts is matched by the send log.

With --from the file is bodies alone, of the source that has that preset. The time of an event is the provider's, or else
that of --received. Netgsm sends no callbacks: import the answers to its report query with --from netgsm-report.`
}

// Run appends the archive to the log.
func (x importEventsCommand) Run(c *invocation) (err error) {
	o := imports.Options{File: x.File, Stdin: c.process.Stdin, Rejected: x.Rejected, Source: x.Source, Config: c.config, Now: c.now}
	if err = x.addTo(&o); err == nil {
		o.Map, err = imports.ParseMap(x.Map)
	}
	if o.From = x.From; err == nil {
		o.Received, err = imports.ParseReceived(x.Received)
	}
	switch {
	case err == nil && o.From != "" && len(o.Map) > 0:
		return ui.Usagef("--map is for message lists, and not for --from")
	case err == nil && o.From == "" && o.Received != 0:
		return ui.Usagef("--received needs --from")
	case err != nil:
		return err
	case len(o.Map) > 0 && o.Source == "":
		return ui.Usagef("--map needs --source, the source whose outcomes decide what the events mean")
	}
	return imports.Events(c.ctx, c.Printer, o, func(do func(*app.App) error) error { return c.open(toRecord, do) })
}

// importMessagesCommand imports the send log.
type importMessagesCommand struct {
	File       string `arg:"" help:"CSV file, NDJSON or a JSON array; - for stdin."`
	Source     string `placeholder:"NAME" help:"Take lines that name no source for this one (default: the only source of the config)."`
	Rejected   string `placeholder:"FILE" help:"Write rejected lines to this file, with line number and reason, and lines of messages that another contact or phone number has."`
	regionFlag `embed:""`
	textFlags  `embed:""`
}

// Help says what a send log has.
func (importMessagesCommand) Help() string {
	return `The columns are message_id, and contact or phone or both; source and sent_at are optional. Message ids belong to a
source: if the config has several sources, every line needs its source, or the command needs --source. Of each message
the first contact and the first phone number stand.

A line with error, event or code is a refusal of the provider: it becomes an event of the message at sent_at, and the
outcomes of the source say what it means (default: sender_fault). The answers of a provider to requests to send can be
imported as they are, as JSON.`
}

// Run registers the contacts of the messages.
func (x importMessagesCommand) Run(c *invocation) error {
	o := imports.Options{File: x.File, Stdin: c.process.Stdin, Source: x.Source, Rejected: x.Rejected, Config: c.config, Now: c.now}
	region, err := x.regionFlag.parse()
	if err == nil {
		o.Region, err = region, x.addTo(&o)
	}
	if err != nil {
		return err
	}
	collectRarely() // little of what is read stays
	return imports.Messages(c.ctx, c.Printer, o, func(do func(*app.App) error) error { return c.open(toRecord, do) })
}

// previewUnless is how a file is imported: it is only previewed unless it is applied.
func previewUnless(apply bool) app.Options {
	if apply {
		return toRecord
	}
	return toPreview
}
