package console

import (
	"context"
	"io"
	"log/slog"

	"winnow/hygiene/provider"
	"winnow/internal/console/logs"
	"winnow/internal/console/pages"
	"winnow/internal/console/view"
)

// Config is what the server needs. A function that is nil makes its route answer
// 404. Functions may be called concurrently. Their errors are shown to the caller:
// a [APIError] with its status, any other error as 500.
type Config struct {
	// Token returns the admin token that is in force, never the empty one. It is asked
	// for each request, so a changed token acts immediately.
	Token func() string
	// LogToken returns the token that opens the log alone; nil, or an empty one, for none.
	LogToken func() string
	Version  string       // of winnow, shown on the page
	Metrics  *Metrics     // nil: metrics of the API alone
	Logger   *slog.Logger // nil: nothing is logged

	// Ready returns why winnow can't work now; nil: it always can.
	Ready func() error
	// Pages are those of the console for people.
	Pages pages.Config

	// Log is the log, for a host that pulls it.
	Log logs.Log
	// Verified are the names of the sources whose callbacks this host verifies, of which no
	// other event is in its log from then on; nil for none.
	Verified func() []string
	// LogAlone leaves out the pages, the login and what nobody asks of a host that only
	// receives.
	LogAlone bool

	Status   func(context.Context) (*view.Status, error)
	Segments func(context.Context) ([]view.Segment, error)
	Rules    func(context.Context) (*view.Rules, error)
	Exports  func(context.Context) ([]view.Export, error)
	// Explain returns everything known of the contact of that key, of those that have that
	// phone number, or of the number if no contact has it; nothing for what is not known.
	// The key is as the caller wrote it, as are all keys of this Config.
	Explain func(ctx context.Context, key string) ([]*view.Explanation, error)
	// ExportPerson returns what writes all that is known of the person that a key, or a
	// phone number, names. Its first error is the caller's, or winnow's; once it writes,
	// only winnow's.
	ExportPerson func(ctx context.Context, key string) (write func(context.Context, io.Writer) error, err error)
	// Check returns for each contact and then for each phone number, in their order,
	// whether it may be texted, if suppressions for the reasons of except do not count.
	Check func(ctx context.Context, contacts, phones, except []string) ([]view.Sendable, error)
	// Register records which contacts messages went to: all of the list except what
	// it reports as rejected, or nothing when it returns an error. It is called with
	// a few thousand at a time.
	Register func(context.Context, []provider.Registration) (RegisterResult, error)
	// Export returns one export with its recent runs.
	Export func(ctx context.Context, name string) (view.ExportRuns, error)
	// RunExport runs an export now and returns the run when it has ended, however it
	// ended. The context ends when the caller hangs up; a run that has started goes
	// on.
	RunExport func(ctx context.Context, name string) (view.Run, error)
	// Release publishes a run that the guard holds. The context is that of
	// RunExport; a release that has started goes on too.
	Release func(ctx context.Context, export, run string, mayBeStale bool) (view.Released, error)
	// Instruct suppresses or allows a contact or a phone number manually and returns what
	// is known of it afterwards.
	Instruct func(context.Context, view.Instruction) (*view.Explanation, error)
	// Merge merges a contact into another.
	Merge func(context.Context, view.Merge) (view.Merged, error)
	// Forget forgets the contact, or the number, that a key names.
	Forget func(ctx context.Context, key string) (view.Forgotten, error)
}

// RegisterResult is the result of registering a list of messages.
type RegisterResult struct {
	New       int64             // messages that were unknown
	Known     int64             // registered for the same contact before
	Matched   int64             // events that found their contact
	Conflicts []int             // indexes in the list of messages registered for another contact or phone number before, which stays
	Refused   int64             // refusals of the provider, which became events
	Rejected  []RejectedMessage // messages not registered
}

// RejectedMessage is a message of a list that was not registered.
type RejectedMessage struct {
	Index int    // in the list
	Why   string // one plain sentence
}
