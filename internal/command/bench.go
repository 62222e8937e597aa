package command

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"time"

	"winnow/internal/bench"
	"winnow/internal/ui"
)

// benchCommand measures winnow on this machine.
type benchCommand struct {
	All     benchAllCommand     `cmd:"" default:"withargs" help:"Measure winnow and what else could do its job, and print one table."`
	Profile benchProfileCommand `cmd:"" help:"Show what the processor time of a stored callback, a swept event and an exported row is spent on."`
	Growth  benchGrowthCommand  `cmd:"" help:"Measure how the figures change as the log and the roster grow, and draw a plot."`
	Stage   benchStageCommand   `cmd:"" hidden:"" help:"Do one part of a measurement, as the other commands start it."`
}

// benchAllCommand measures what the goals of speed are about.
type benchAllCommand struct {
	Only     []string `placeholder:"ROW" help:"Measure only these rows: callbacks, append, sweep, idle, plan, run, imports, start, beside."`
	Contacts int      `default:"100000" help:"Measure with so many contacts (default: 100000)."`
	Events   int      `default:"200000" help:"Append, sweep and import so many events and lines (default: 200000)."`
	Rounds   int      `default:"3" help:"Repeat loads and runs so often, in turn with what they are compared with; the median counts (default: 3)."`
	Lasting  string   `default:"1s" placeholder:"SPAN" help:"Load callbacks for so long in each round (default: 1s)."`
	Dir      string   `placeholder:"DIR" help:"Put the stores into a temporary folder in this one, to measure its disk (default: the system's)."`
	Postgres string   `placeholder:"URL" help:"Compare with psql and COPY on this server as well. Tables named winnow_bench_rows and winnow_bench_list are made there, and dropped."`
	Peer     []string `sep:"none" placeholder:"INPUT:NAME=COMMAND" help:"Compare with this command of the shell as well. Repeatable."`
}

// Help says how to add a peer.
func (benchAllCommand) Help() string {
	return `Stores are made in a temporary folder and removed; no config is read. Every measurement is a process of its own, of which
the kernel counts CPU, bytes written and peak memory. The goals are ratios, or rates on two cores of a common server.

To compare with another program, give --peer its input, a name and its command. INPUT is contacts or messages, the CSV files that
winnow imports, or run, a CSV file with all rows that a run writes into ten files. In the command {file} is the path of that file,
and {out} that of an empty folder for what it writes. It is measured like winnow: its time from start to end, and what it and the
processes that it waits for used. A server's part is not counted.`
}

// Run measures, and prints the table.
func (x benchAllCommand) Run(c *invocation) error {
	o := c.benchOptions(x.Dir)
	o.Only, o.Contacts, o.Events, o.Rounds, o.Postgres = x.Only, x.Contacts, x.Events, x.Rounds, x.Postgres
	var err error
	if o.Lasting, err = lasting(x.Lasting); err != nil {
		return ui.Usagef("%w", err)
	}
	for _, text := range x.Peer {
		p, err := bench.ParsePeer(text)
		if err != nil {
			return ui.Usagef("--peer: %w", err)
		}
		o.Peers = append(o.Peers, p)
	}
	if err := bench.Check(o); err != nil {
		return ui.Usagef("%w", err)
	}
	report, err := bench.Run(c.ctx, o)
	if report == nil || len(report.Lines) == 0 {
		return err
	}
	if c.JSON {
		c.PrintJSON(report)
	} else {
		report.Print(c.Stdout)
	}
	return err
}

// benchProfileCommand takes profiles.
type benchProfileCommand struct {
	Contacts int    `default:"100000" help:"Fill the store with so many contacts (default: 100000)."`
	Events   int    `default:"200000" help:"Sweep so many events (default: 200000)."`
	Lasting  string `default:"1s" placeholder:"SPAN" help:"Load callbacks for five times as long (default: 1s)."`
	Dir      string `placeholder:"DIR" help:"Put the stores into a temporary folder in this one (default: the system's)."`
}

// Run takes the profiles, and prints their shares.
func (x benchProfileCommand) Run(c *invocation) (err error) {
	o := c.benchOptions(x.Dir)
	o.Contacts, o.Events, o.Rounds = x.Contacts, x.Events, 1
	if o.Lasting, err = lasting(x.Lasting); err == nil {
		err = bench.Check(o)
	}
	if err != nil {
		return ui.Usagef("%w", err)
	}
	list, machine, err := bench.Profiles(c.ctx, o)
	switch {
	case err != nil:
		return err
	case c.JSON:
		return c.PrintJSON(list)
	}
	bench.PrintProfiles(c.Stdout, machine, list)
	return nil
}

// lasting reads how long a load lasts.
func lasting(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("--lasting %q is not a duration: write for example 3s", text)
	}
	return d, nil
}

// benchGrowthCommand measures growth.
type benchGrowthCommand struct {
	Contacts []int  `default:"100000,1000000,3000000" help:"Measure with so many contacts, a store for each (default: 100000,1000000,3000000)."`
	Events   []int  `default:"0,10000000,50000000" help:"Measure when the log has so many events (default: 0,10000000,50000000)."`
	Sample   int    `default:"1000000" help:"Append and sweep so many events at each size (default: 1000000)."`
	Results  string `placeholder:"FILE" help:"Add each measurement to this file of JSON lines, and do not repeat those that it has."`
	Plot     string `placeholder:"FILE" help:"Draw the plot into this SVG file."`
	Dir      string `placeholder:"DIR" help:"Put the stores into a temporary folder in this one, to measure its disk (default: the system's)."`
}

// Help says what is measured.
func (benchGrowthCommand) Help() string {
	return `At each size a sample of events of any contacts is appended and swept, all contacts are written by a run, and the daemon is
started. On the way to the next size, contact after contact has ten events in a row, which are swept fast. Ten million events
need about 4 GB of disk, and minutes. With --results a measurement that was interrupted goes on, and machines can be put together.`
}

// Run measures, prints the table, and draws the plot.
func (x benchGrowthCommand) Run(c *invocation) error {
	list, err := bench.Grow(c.ctx, bench.GrowthOptions{Options: c.benchOptions(x.Dir), Contacts: x.Contacts, Events: x.Events, Sample: x.Sample, Results: x.Results})
	if err != nil {
		return err
	}
	if x.Plot != "" {
		var drawn bytes.Buffer
		bench.Plot(&drawn, list)
		if err := os.WriteFile(x.Plot, drawn.Bytes(), 0o644); err != nil {
			return err
		}
	}
	if c.JSON {
		return c.PrintJSON(list)
	}
	bench.PrintGrown(c.Stdout, list)
	return nil
}

// benchStageCommand is a process that a measurement starts.
type benchStageCommand struct {
	Args []string `arg:"" help:"Name of the stage, its config, and numbers."`
}

// Run does the stage.
func (x benchStageCommand) Run(c *invocation) error { return bench.Stage(c.ctx, c.Stdout, x.Args) }

// benchOptions are those of all benchmarks. Progress is shown on a terminal.
func (c *invocation) benchOptions(dir string) bench.Options {
	o := bench.Options{Program: []string{programPath()}, Rules: c.process.ExampleConfig, Dir: dir}
	if ui.IsTerminal(c.Stderr) {
		o.Note = func(text string) { fmt.Fprintln(c.Stderr, text) }
	}
	return o
}

// programPath is the path of this program, to start it again.
func programPath() string {
	if path, err := exec.LookPath(os.Args[0]); err == nil {
		return path
	}
	return os.Args[0]
}
