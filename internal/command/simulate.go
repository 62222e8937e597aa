package command

import (
	"os"
	"time"

	"winnow/internal/simulate"
	"winnow/internal/simulate/traffic"
	"winnow/internal/ui"
)

// simulateCommand sends simulated callbacks to a daemon.
type simulateCommand struct {
	Live      bool   `help:"Send to the running daemon of the config. Previews unless --apply."`
	To        string `placeholder:"URL" help:"Send to a daemon elsewhere: the beginning of its callback URL, up to /callbacks/. Previews unless --apply."`
	TokenFile string `placeholder:"FILE" help:"Read the token of that URL from the first line of this file (default: the variable WINNOW_CALLBACK_TOKEN)."`
	Apply     bool   `help:"Send although the daemon stores what it gets beside real callbacks."`
	Preset    string `placeholder:"NAME" default:"insider" help:"Send callbacks as this provider does (default: insider)."`
	Source    string `placeholder:"NAME" help:"Send callbacks of this source of the config (default: its only one)."`

	Rate        float64 `default:"0" help:"Send so many callbacks a second; 0 for as fast as they are answered (default: 0)."`
	For         string  `placeholder:"DURATION" help:"Send for so long (default: 10s, or until --count)."`
	Count       int64   `help:"Send so many events."`
	Connections int     `default:"64" help:"Use so many connections (default: 64)."`

	Retry    string  `enum:"none,soon,hour" default:"soon" placeholder:"WHEN" help:"Send a callback again that was not stored: none, soon (for half a minute) or hour (as providers do, for an hour) (default: soon)."`
	Contacts int64   `default:"10000" help:"Send callbacks about so many contacts (default: 10000)."`
	Skew     float64 `default:"1" help:"Select busy contacts more often: 0 for all alike, 1 for a long tail after Zipf's law (default: 1)."`
	Mix      string  `placeholder:"SHARES" help:"Give messages these outcomes, as in delivered=90,soft_bounce=5,hard_bounce=5."`
	Repeats  float64 `default:"0.02" help:"Send this share of the callbacks once more (default: 0.02)."`
	Disorder float64 `default:"0.02" help:"Send this share of the callbacks late (default: 0.02)."`
	Lies     float64 `default:"0.005" help:"Send this share of the messages' last callbacks as lies: broken, unknown, oversized, with a wrong token (default: 0.005)."`
	Seed     uint64  `default:"1" help:"Repeat the traffic of this number (default: 1)."`
	Keep     bool    `help:"Keep the folder of the throw-away daemon, and print its name on the last line."`
}

// Run simulates.
func (x simulateCommand) Run(c *invocation) error {
	o, err := x.options(c)
	if err != nil {
		return err
	}
	return simulate.Run(c.ctx, c.Printer, o)
}

func (x simulateCommand) options(c *invocation) (o simulate.Options, err error) {
	program, err := os.Executable()
	if err != nil {
		return o, err
	}
	mix := traffic.DefaultMix
	if x.Mix != "" {
		if mix, err = traffic.ParseMix(x.Mix); err != nil {
			return o, ui.Usagef("--mix: %w", err)
		}
	}
	o = simulate.Options{
		Traffic: traffic.Options{Seed: x.Seed, Contacts: x.Contacts, Skew: x.Skew, Mix: mix, Repeats: x.Repeats, Disorder: x.Disorder, Late: 1000, Lies: x.Lies, Total: x.Count},
		Rate:    x.Rate, Connections: x.Connections, Timeout: 10 * time.Second, Retries: simulate.Retries[x.Retry],
		To: x.To, TokenFile: x.TokenFile, Live: x.Live, Config: c.config, Source: x.Source, Preset: x.Preset, Apply: x.Apply, Keep: x.Keep,
		Example: c.process.ExampleConfig, Program: program,
	}
	if x.For != "" {
		o.For, err = time.ParseDuration(x.For)
	} else if x.Count == 0 {
		o.For = 10 * time.Second
	}
	return o, err
}
