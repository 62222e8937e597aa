// Package command is what people type: the subcommands of winnow, a file each.
//
// A subcommand parses, calls one function of a room, and prints. To add one, write
// a file with its struct (the flags and arguments, for kong) and its Run method,
// and give it a line in [grammar]. Run opens the config and the store with
// [invocation.open]; what it opens them for is one of the variables in open.go.
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
	"os"
	"os/signal"
	"reflect"
	"strconv"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"winnow/internal/ui"
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
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.KindMapper(reflect.Int, numbers), kong.KindMapper(reflect.Int64, numbers), kong.KindMapper(reflect.String, texts))
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
	c := &invocation{Printer: &ui.Printer{Stdout: out, Stderr: w.Stderr, JSON: g.JSON}, stdin: w.Stdin, version: w.Version, example: w.Example,
		ctx: ctx, config: g.Config, now: time.Now}
	if err == nil {
		err = c.setNow(g.Now)
	}
	if err != nil {
		fmt.Fprintf(w.Stderr, "winnow: %s; winnow --help shows how\n", err)
		return exitUsage
	}
	err = parsed.Run(c)
	if err == nil && out.Err != nil {
		err = fmt.Errorf("write the answer: %w", out.Err)
	}
	return c.exitStatus(err)
}

// numbers and texts read the values of flags and arguments, and say in plain words
// what is wrong with one.
var (
	numbers = kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
		text, ok := nextValue(ctx)
		if !ok {
			return errors.New("expected a number")
		}
		n, err := strconv.ParseInt(text, 0, 64)
		if err != nil || target.OverflowInt(n) {
			return fmt.Errorf("expected a number, not %q", text)
		}
		target.SetInt(n)
		return nil
	})
	texts = kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
		text, ok := nextValue(ctx)
		if !ok {
			return errors.New("expected a value")
		}
		target.SetString(text)
		return nil
	})
)

// nextValue is the value that comes next on the command line.
func nextValue(ctx *kong.DecodeContext) (string, bool) {
	token, err := ctx.Scan.PopValue("value")
	if err != nil {
		return "", false
	}
	return fmt.Sprint(token.Value), true
}
