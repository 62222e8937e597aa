// Package command is the command line of winnow: a file for each subcommand.
//
// A subcommand parses its arguments, calls one function of another package, and prints
// the result. To add one, write a file with its struct (flags and arguments, for kong)
// and its Run method, and give it a line in [grammar], beside the commands of its kind.
// Run opens the config and the store with [invocation.open]; the ways to open them are
// in open.go. A table of a few lines is printed here; a result that is text and JSON, or
// long, is printed by the package that makes it, as package report does.
//
// Add a script of the whole command to testdata/script (a feature of several commands
// has one of its own name), and a sentence to the README and CHANGELOG.md. Tests hold
// the help of every command without being told.
//
// Help is plain and starts with an imperative verb; a default is written as
// "default: X". A test holds every text to that.
//
// Results go to stdout, errors to stderr, as one sentence with what to do. Exit status 0
// is success, 1 is a failure or the answer no, 2 is a plan with changes and
// --detailed-exitcode, 64 is a wrong command line.
package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"winnow/internal/ui"
)

// grammar is the command line.
type grammar struct {
	Config string `short:"c" default:"winnow.yaml" placeholder:"FILE" help:"Read the config from this file (default: winnow.yaml)."`
	JSON   bool   `name:"json" help:"Print the result as JSON."`
	Now    string `placeholder:"TIME" help:"Take this time as the present: RFC 3339, like 2026-11-23T02:00:00Z (default: the clock)."`

	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`

	Init       initCommand       `cmd:"" group:"setup" help:"Write a config, a token, rule tests and a unit for systemd."`
	Serve      serveCommand      `cmd:"" group:"setup" help:"Run the daemon: receive callbacks, apply the rules, write exports. Reloads on SIGHUP or when the config changes."`
	Demo       demoCommand       `cmd:"" group:"setup" help:"Play a campaign against a real daemon, from callbacks to export files."`
	Simulate   simulateCommand   `cmd:"" group:"setup" help:"Send a provider's callbacks to a throw-away daemon, or to a named one, and check that all are stored, once."`
	Check      checkCommand      `cmd:"" group:"rules" help:"Check the config and report every problem."`
	Test       testCommand       `cmd:"" group:"rules" help:"Run rule tests."`
	Source     sourceCommand     `cmd:"" group:"rules" help:"Show the presets of providers, and try how callbacks are read."`
	Plan       planCommand       `cmd:"" group:"rules" help:"Show which contacts this config would suppress, release or retry. Writes nothing."`
	Policy     policyCommand     `cmd:"" group:"rules" help:"List the policies that were applied, or print one."`
	Sweep      sweepCommand      `cmd:"" group:"exports" help:"Apply the rules to new events now."`
	Review     reviewCommand     `cmd:"" group:"exports" help:"Run the time-based rules for all contacts now."`
	Export     exportCommand     `cmd:"" group:"exports" help:"Run an export now, or redeliver an existing run."`
	Retain     retainCommand     `cmd:"" group:"exports" help:"Remove from the log what the config keeps no longer."`
	Release    releaseCommand    `cmd:"" group:"exports" help:"Publish a run that the guard held."`
	Explain    explainCommand    `cmd:"" group:"contacts" help:"Explain the status of a contact."`
	Suppress   suppressCommand   `cmd:"" group:"contacts" help:"Suppress contacts manually."`
	Allow      allowCommand      `cmd:"" group:"contacts" help:"Lift suppressions of contacts manually; opted_out only if it is named."`
	Undo       undoCommand       `cmd:"" group:"contacts" help:"Undo suppressions from a time range, or revert a manual change. Previews unless --apply."`
	Merge      mergeCommand      `cmd:"" group:"contacts" help:"Merge contacts that the CRM joined. Previews unless --apply."`
	Forget     forgetCommand     `cmd:"" group:"contacts" help:"Erase contacts from the store, its log and its lists."`
	Hold       holdCommand       `cmd:"" group:"contacts" help:"Put a contact on legal hold, end a hold, or list all."`
	Person     personCommand     `cmd:"" name:"export-person" group:"contacts" help:"Print all that winnow knows of a person, as JSON."`
	Regret     regretCommand     `cmd:"" group:"rules" help:"Count how often suppressions of each rule proved right and wrong."`
	Rejudge    rejudgeCommand    `cmd:"" group:"rules" help:"Apply this config to the history of all contacts. Previews unless --apply."`
	Reclassify reclassifyCommand `cmd:"" group:"rules" help:"Give stored events the outcomes of this config, and rejudge their contacts. Previews unless --apply."`
	Import     importCommand     `cmd:"" group:"lists" help:"Import events, the send log, contacts or suppressions."`
	Reconcile  reconcileCommand  `cmd:"" group:"lists" help:"Show who is on another system's suppression list and not on winnow's, and the reverse."`
	List       listCommand       `cmd:"" group:"lists" help:"Manage static lists."`
	Pin        pinCommand        `cmd:"" group:"contacts" help:"Pin contacts into or out of a segment, or list pins."`
	Breaker    breakerCommand    `cmd:"" group:"contacts" help:"Review surges whose verdicts are held: list, release or discard them."`
	Scrub      scrubCommand      `cmd:"" group:"lists" help:"Remove suppressed and duplicate contacts from a list."`
	Report     reportCommand     `cmd:"" group:"state" help:"Count events by day, outcome and other columns: deliverability, and each kind of failure."`
	Status     statusCommand     `cmd:"" group:"state" help:"Show counts of events and contacts, and the last runs."`
	Schedule   scheduleCommand   `cmd:"" group:"state" help:"Show when each job runs next."`
	Quarantine quarantineCommand `cmd:"" group:"state" help:"List the bodies that could not be read, or read them again."`
	Silent     silentCommand     `cmd:"" group:"state" help:"List the messages that were sent and had no terminal event."`
	Unmatched  unmatchedCommand  `cmd:"" group:"state" help:"List the events whose contact is not known yet."`
	Backup     backupCommand     `cmd:"" group:"setup" help:"Back up the store, also while the daemon runs, or verify a backup."`
	Doctor     doctorCommand     `cmd:"" group:"state" help:"Check everything that winnow needs: store, disk, clock, locks, backups, certificates, destinations."`
	Restore    restoreCommand    `cmd:"" group:"setup" help:"Restore the store from a backup."`
	Migrate    migrateCommand    `cmd:"" group:"setup" help:"Copy the store into an empty PostgreSQL database."`
	Kit        kitCommand        `cmd:"" group:"setup" help:"Print what runs winnow on a server: a unit, a proxy, a container, alert rules, a dashboard."`
	Token      tokenCommand      `cmd:"" group:"setup" help:"Print the admin token, for scripts that use the API."`
	Health     healthCommand     `cmd:"" group:"setup" help:"Check whether the daemon can store callbacks, for the health check of a container."`
	Completion completionCommand `cmd:"" group:"program" help:"Print a script that completes command lines in bash, zsh or fish."`
	Bench      benchCommand      `cmd:"" group:"program" help:"Measure winnow on this machine, beside what else could do its job."`
	Version    versionCommand    `cmd:"" group:"program" help:"Print the version."`
}

// newParser makes the parser of the command line.
func newParser(g *grammar, options ...kong.Option) *kong.Kong {
	parser, err := kong.New(g, append([]kong.Option{
		kong.Name("winnow"), kong.Description("SMS list hygiene: callbacks in, rules applied, segments out. Start with: winnow demo"),
		kong.Help(printHelp), kong.ExplicitGroups(commandGroups), kong.Vars{"version": ""},
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.KindMapper(reflect.Int, intMapper), kong.KindMapper(reflect.Int64, intMapper), kong.KindMapper(reflect.String, stringMapper),
	}, options...)...)
	if err != nil {
		panic(err) // the grammar is wrong: no user can cause it
	}
	return parser
}

// Main runs the command line and returns the exit status.
func Main(args []string, p Process) int {
	limitHeap()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, args, p)
}

func run(ctx context.Context, args []string, p Process) int {
	var g grammar
	exited := -1
	parser := newParser(&g, kong.Writers(p.Stdout, p.Stderr), kong.Exit(func(code int) { exited = code }), kong.Vars{"version": "winnow " + p.Version})
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help":
		args = append(slices.Clone(args[1:]), "--help")
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // help was printed
		return exited
	}
	out := &ui.CheckedWriter{Writer: p.Stdout}
	c := &invocation{Printer: ui.NewPrinter(out, p.Stderr, g.JSON), process: p, ctx: ctx, args: args, config: g.Config, now: time.Now}
	if err == nil {
		err = c.setNow(g.Now)
	} else if mistake := mistakeIn(args); mistake != nil {
		err = mistake
	}
	if err != nil {
		c.Warn("%s; see winnow --help", err)
		return exitUsage
	}
	if flag := ignoredFlag(parsed); flag != "" {
		c.Warn("winnow %s ignores %s", strings.Join(commandPath(parsed.Selected()), " "), flag)
	}
	err = parsed.Run(c)
	if err == nil && out.Err != nil {
		err = fmt.Errorf("write the result: %w", out.Err)
	}
	return c.exitStatus(err)
}

// intMapper and stringMapper read the values of flags and arguments. kong's own have
// error messages for programmers.
var (
	intMapper = kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
		text, ok := popValue(ctx)
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
	stringMapper = kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
		text, ok := popValue(ctx)
		if !ok {
			return errors.New("expected a value")
		}
		target.SetString(text)
		return nil
	})
)

// popValue takes the next value off the command line.
func popValue(ctx *kong.DecodeContext) (string, bool) {
	token, err := ctx.Scan.PopValue("value")
	if err != nil {
		return "", false
	}
	return fmt.Sprint(token.Value), true
}
