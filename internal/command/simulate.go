package command

import (
	"os"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/simulate"
	"winnow/internal/simulate/traffic"
	"winnow/internal/ui"
)

// simulateCommand sends simulated callbacks to a daemon.
type simulateCommand struct {
	simulateTarget  `embed:""`
	simulateLoad    `embed:""`
	simulateTraffic `embed:""`

	Keep     bool   `help:"Keep the folder of the throw-away daemon, and print its name on the last line."`
	SendLog  string `placeholder:"FILE" help:"Write the send log of the messages to this file, for winnow import messages."`
	Answered string `placeholder:"FILE" help:"Write what was answered to this file, for --verify on the host of the daemon."`
	Verify   string `placeholder:"FILE" help:"Check that all that was answered, by a file of --answered, is in the store of the config, once. Sends nothing."`
	Forget   string `placeholder:"FILE" help:"Erase the simulated contacts of a run, by its file of --answered, from the store of the config. Previews unless --apply."`
}

// simulateTarget is where callbacks go, and whose they are.
type simulateTarget struct {
	Copy      bool   `help:"Give the throw-away daemon the sources, rules and segments of the config."`
	Live      bool   `help:"Send to the running daemon of the config. Previews unless --apply."`
	To        string `placeholder:"URL" help:"Send to a daemon elsewhere: the beginning of its callback URL, up to /callbacks/. Previews unless --apply."`
	TokenFile string `placeholder:"FILE" help:"Read the token of that URL from the first line of this file (default: the variable WINNOW_CALLBACK_TOKEN)."`
	Apply     bool   `help:"Send although the daemon stores what it gets beside real callbacks; with --forget, erase."`
	File      string `placeholder:"FILE" help:"Write callbacks of a source of the config to this file, for winnow import events, and send nothing."`
	Preset    string `placeholder:"NAME" default:"insider" help:"Send callbacks as this provider does (default: insider)."`
	Contact   string `placeholder:"PATH" help:"Put the contact there, as contact of a source says it (default: as the preset says)."`
	Source    string `placeholder:"NAME" help:"Send callbacks of this source of the config (default: its only one)."`
}

// simulateLoad is how fast callbacks are sent.
type simulateLoad struct {
	Rate        float64 `default:"0" help:"Send so many callbacks a second; 0 for as fast as they are answered (default: 0)."`
	For         string  `placeholder:"DURATION" help:"Send for so long (default: 10s, or until --count; 5s at each rate with --find-limit)."`
	Count       int64   `placeholder:"N" help:"Send so many events (default: no limit; 100000 with --file)."`
	FindLimit   bool    `help:"Find the greatest rate at which 99 of 100 callbacks are answered within --within: double it from --rate or 100, and then halve the gap."`
	Within      string  `placeholder:"DURATION" help:"Take a rate as held while 99 of 100 are answered within this, with --find-limit (default: 100ms)."`
	Connections int     `default:"64" help:"Use so many connections (default: 64)."`
	Retry       string  `enum:"none,soon,hour" default:"soon" placeholder:"WHEN" help:"Send a callback again that was not stored: none, soon (for half a minute) or hour (as providers do) (default: soon)."`
}

// simulateTraffic is what callbacks say.
type simulateTraffic struct {
	Contacts   int64   `default:"10000" help:"Send callbacks about so many contacts (default: 10000)."`
	Skew       float64 `default:"1" help:"Select busy contacts more often: 0 for all alike, 1 for a long tail after Zipf's law (default: 1)."`
	Mix        string  `placeholder:"SHARES" help:"Give messages these outcomes, as in delivered=90,soft_bounce=5,hard_bounce=5."`
	Repeats    float64 `default:"0.02" help:"Send this share of the callbacks once more (default: 0.02)."`
	Disorder   float64 `default:"0.02" help:"Send this share of the callbacks late (default: 0.02)."`
	Late       int64   `default:"1000" help:"Send late ones after up to so many others (default: 1000)."`
	Lies       float64 `default:"0.005" help:"Send this share of the messages' last callbacks as lies: broken, unknown, oversized, with a wrong token (default: 0.005)."`
	BadHours   int     `default:"0" help:"Add so many hours, or tenths of the run without --days, in which failures surge (default: 0)."`
	BadOutcome string  `default:"hard_bounce" placeholder:"OUTCOME" help:"Give messages this outcome in bad hours (default: hard_bounce)."`
	BadShare   float64 `default:"0.5" help:"Give this share of them that outcome (default: 0.5)."`
	Days       int     `placeholder:"N" help:"Spread the times of events over so many days, up to now (default: all are now; 30 with --file)."`
	Seed       uint64  `default:"1" help:"Repeat the traffic of this number (default: 1)."`
}

// Help says what is sent, how it is measured, and what is checked.
func (simulateCommand) Help() string {
	return `Without --live, --to or --file the callbacks go to a throw-away daemon in a temporary folder, a process of its own: with
the rules of the example config, or those of the config with --copy. It listens on this host alone, and exports nothing.

Bodies are those of the preset's confirmed examples with other ids, contacts, numbers, codes and times. Ids begin with
simulated- and a word for the run, contacts with simulated-, or they are phone numbers that no person has.

At a --rate each callback is due at its time, whether those before were answered or not, and its latency counts from then.
Without one, each connection sends as soon as it has its answer, which shows how much the daemon can do. A callback that is
answered 5xx or 429, or not at all, may be stored or not, and is sent again.

At the end the log is compared with what was answered: the exit status is 1 if an event is missing, is there more often than
it was answered, or if an answer was not the expected one.

A daemon that keeps its store has the simulated contacts from then on. With --answered FILE they can be erased again:
--forget FILE --apply. Their events stay in the log without names, as after any winnow forget, and count in reports.`
}

// Run simulates.
func (x simulateCommand) Run(c *invocation) error {
	if x.Verify != "" {
		return simulate.Verify(c.ctx, c.Printer, c.config, x.Verify)
	}
	if x.Forget != "" {
		return c.open(applying(toRead, x.Apply), func(a *app.App) error {
			ops, done := c.operations(a, "event")
			defer done()
			return simulate.Remove(c.ctx, c.Printer, ops, x.Forget, x.Apply, c.instant())
		})
	}
	o, err := x.options(c)
	if err != nil {
		return err
	}
	return simulate.Run(c.ctx, c.Printer, o)
}

func (x simulateCommand) options(c *invocation) (o simulate.Options, err error) {
	o = simulate.Options{
		Count: x.Count, Rate: x.Rate, Connections: x.Connections, Timeout: 10 * time.Second, Retries: simulate.Retries[x.Retry], Days: x.Days,
		Copy: x.Copy, Live: x.Live, To: x.To, TokenFile: x.TokenFile, Apply: x.Apply, File: x.File, Answered: x.Answered, SendLog: x.SendLog, Keep: x.Keep,
		Config: c.config, Source: x.Source, Preset: x.Preset, Contact: x.Contact, Example: c.process.ExampleConfig,
	}
	if o.Program, err = os.Executable(); err != nil {
		return o, err
	}
	if o.For, err = durationOf("--for", x.For); err != nil {
		return o, err
	}
	if o.Within, err = durationOf("--within", x.Within); err != nil {
		return o, err
	}
	switch {
	case o.Within > 0 && !x.FindLimit:
		return o, ui.Usagef("--within is for --find-limit")
	case x.FindLimit && o.Within == 0:
		o.Within = 100 * time.Millisecond
	}
	if o.Traffic, err = x.simulateTraffic.options(); err != nil {
		return o, err
	}
	return o, o.Complete()
}

// durationOf reads a duration; 0 for none.
func durationOf(flag, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, ui.Usagef("%s %q is not a duration; write for example 250ms, 90s or 1h30m", flag, text)
	}
	return d, nil
}

func (x *simulateTraffic) options() (o traffic.Options, err error) {
	o = traffic.Options{Seed: x.Seed, Contacts: x.Contacts, Skew: x.Skew, Mix: traffic.DefaultMix, Repeats: x.Repeats, Disorder: x.Disorder, Late: x.Late, Lies: x.Lies,
		Bad: traffic.BadHours{Count: x.BadHours, Share: x.BadShare}}
	if x.Mix != "" {
		if o.Mix, err = traffic.ParseMix(x.Mix); err != nil {
			return o, ui.Usagef("--mix: %w", err)
		}
	}
	if o.Bad.Outcome, err = hygiene.ParseOutcome(x.BadOutcome); err != nil {
		return o, ui.Usagef("--bad-outcome: %w", err)
	}
	if wrong := o.Check(); wrong != "" {
		return o, ui.Usagef("--%s", wrong)
	}
	return o, nil
}
