// Package command is what people type: the subcommands of winnow, a file each,
// and the wiring of the rooms into a daemon.
//
// Results go to stdout; errors go to stderr as one plain sentence with what to
// do. A command exits with 0 when it is done, 1 when it failed or the answer is
// no, 2 when a plan found changes and was asked to say so, and 64 when it was
// called wrongly.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
)

// World is what a command has around it.
type World struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Version        string
	Example        []byte // config.example.yaml
}

// The exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitChange = 2 // plan --detailed-exitcode found changes
	exitUsage  = 64
)

// grammar is the command line.
type grammar struct {
	Config string `short:"c" default:"winnow.yaml" placeholder:"FILE" help:"The config file."`
	JSON   bool   `name:"json" help:"Print JSON."`
	Now    string `placeholder:"TIME" help:"Take this as the present, in RFC 3339: 2026-11-23T02:00:00Z."`

	Serve      serveCommand      `cmd:"" help:"Receive callbacks, apply the rules, write exports; until SIGTERM. SIGHUP or a changed file reloads."`
	Demo       demoCommand       `cmd:"" help:"Watch a campaign come in, be judged, and leave as files, on a real daemon."`
	Check      checkCommand      `cmd:"" help:"Tell everything that is wrong with the config."`
	Test       testCommand       `cmd:"" help:"Try the rules in made-up lives: tell whether what is expected comes true."`
	Plan       planCommand       `cmd:"" help:"Tell whom this config would suppress, release and retry if everyone were judged again. Nothing is written."`
	Policy     policyCommand     `cmd:"" help:"List the policies that judged, or print one as it was."`
	Sweep      sweepCommand      `cmd:"" help:"Apply the rules to new events, once, now."`
	Review     reviewCommand     `cmd:"" help:"Apply the rules that look at the time alone to everyone, once, now."`
	Export     exportCommand     `cmd:"" help:"Run an export, once, now; or bring a run to where it is missing."`
	Release    releaseCommand    `cmd:"" help:"Publish a run that the guard held."`
	Explain    explainCommand    `cmd:"" help:"Tell what winnow knows of a contact, and why."`
	Suppress   suppressCommand   `cmd:"" help:"Suppress contacts by hand."`
	Allow      allowCommand      `cmd:"" help:"Lift contacts' suppressions by hand, all but opted_out unless it is named."`
	Undo       undoCommand       `cmd:"" help:"Lift in bulk what rules made of a range of events, or take an act by hand back. Shows first."`
	Rejudge    rejudgeCommand    `cmd:"" help:"Judge everyone again by this config. Shows first."`
	Reclassify reclassifyCommand `cmd:"" help:"Give stored events the outcomes that this config says, and judge their contacts again. Shows first."`
	Import     importCommand     `cmd:"" help:"Bring in an archive of events, the send log, contacts or suppressions."`
	List       listCommand       `cmd:"" help:"Keep static lists: count them, add, remove, show."`
	Pin        pinCommand        `cmd:"" help:"Put contacts in a segment, or out of it, by hand; or list who is."`
	Breaker    breakerCommand    `cmd:"" help:"Show surges whose verdicts wait for someone to look; release or discard them."`
	Scrub      scrubCommand      `cmd:"" help:"Take out of a list whom not to text, and who stands there twice."`
	Report     reportCommand     `cmd:"" help:"Count the log's events by day, outcome and whatever else: deliverability, and each kind of failure."`
	Status     statusCommand     `cmd:"" help:"Count events and contacts, and show the last runs."`
	Schedule   scheduleCommand   `cmd:"" help:"Tell when each job runs next."`
	Quarantine quarantineCommand `cmd:"" help:"Show the bodies that could not be read."`
	Unmatched  unmatchedCommand  `cmd:"" help:"Show the events whose contact is not known yet."`
	Health     healthCommand     `cmd:"" help:"Ask the daemon whether it can store callbacks; for a container's health check."`
	Version    versionCommand    `cmd:"" help:"Tell the version."`
}

// call is one call of a command.
type call struct {
	*ui.Printer
	stdin   io.Reader
	version string
	example []byte // config.example.yaml
	ctx     context.Context
	config  string // the path of the config file
	now     func() time.Time
}

// Main runs the command line and gives the exit status.
func Main(args []string, w World) int {
	limitMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, args, w)
}

func run(ctx context.Context, args []string, w World) int {
	var g grammar
	exited := -1
	parser, err := kong.New(&g, kong.Name("winnow"), kong.Description("Keeps an SMS list worth texting. Start with: winnow demo"),
		kong.Writers(w.Stdout, w.Stderr), kong.Exit(func(code int) { exited = code }), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		panic(err) // the grammar is wrong: no user can cause it
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	out := &ui.CheckedWriter{Writer: w.Stdout}
	c := &call{Printer: &ui.Printer{Stdout: out, Stderr: w.Stderr, JSON: g.JSON}, stdin: w.Stdin, version: w.Version, example: w.Example,
		ctx: ctx, config: g.Config, now: time.Now}
	if err == nil {
		err = c.presentAt(g.Now)
	}
	if err != nil {
		fmt.Fprintf(w.Stderr, "winnow: %s; winnow --help shows how\n", plainer.Replace(err.Error()))
		return exitUsage
	}
	err = parsed.Run(c)
	if err == nil && out.Err != nil {
		err = fmt.Errorf("write the answer: %w", out.Err)
	}
	return c.finish(err)
}

// plainer says in plain words what the command line's library says of values.
var plainer = strings.NewReplacer("expected a valid 64 bit int but got", "expected a number, not", `expected int value but got "EOL" (<EOL>)`, "expected a number",
	`expected string value but got "EOL" (<EOL>)`, "expected a value")

// presentAt makes the given time the present.
func (c *call) presentAt(text string) error {
	if text == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fmt.Errorf("--now %q is not a time: write 2026-11-23T02:00:00Z", text)
	}
	c.now = func() time.Time { return t }
	return nil
}

// present is the present, as winnow stores times.
func (c *call) present() hygiene.Instant { return hygiene.InstantOf(c.now()) }

// finish tells what went wrong and gives the exit status.
func (c *call) finish(err error) int {
	if c.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = ui.ErrInterrupted
	}
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, ui.ErrNo):
		return exitFailed
	case errors.Is(err, errChanges):
		return exitChange
	}
	text := strings.TrimRight(err.Error(), "\n")
	var usage *ui.UsageError
	if errors.As(err, &usage) {
		fmt.Fprintf(c.Stderr, "winnow: %s\n", text)
		return exitUsage
	}
	if !app.IsProblems(err) {
		text = "winnow: " + strings.ReplaceAll(text, "\n", "; ")
	}
	fmt.Fprintln(c.Stderr, text)
	return exitFailed
}

// versionCommand tells the version.
type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(c *call) error {
	if c.JSON {
		return c.PrintJSON(map[string]string{"version": c.version})
	}
	_, err := fmt.Fprintf(c.Stdout, "winnow %s\n", c.version)
	return err
}
