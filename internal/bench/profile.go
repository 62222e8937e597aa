package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/google/pprof/profile"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/exports"
	"winnow/internal/ui"
)

// parts are what processor time is spent on, by the package of a function. What runs in other
// packages, such as fmt or the runtime's malloc, belongs to the caller that is in one of
// these. The first that fits counts; in a stack the function nearest to its end.
var parts = []struct{ prefix, part string }{
	{"github.com/mattn/go-sqlite3.", "SQLite, with its writing and syncing"},
	{"database/sql", "database/sql, which calls SQLite"},
	{"winnow/store/sqlite.", "the store's queries"},
	{"winnow/store", "the store, above its queries"},
	{"winnow/hygiene/provider", "reading the body"},
	{"winnow/hygiene/contactkey.", "keys and phone numbers"},
	{"winnow/hygiene", "histories, rules and conditions"},
	{"winnow/segments/destination/", "publishing files"},
	{"winnow/segments", "rows: columns, encoding, checksums"},
	{"winnow/internal/receiver.", "the receiver"},
	{"winnow/internal/console.", "metrics"},
	{"winnow/", "the rest of winnow"},
	{"github.com/gorilla/mux.", "routes"},
	{"net/http.", "HTTP"},
	{"net.", "sockets"},
}

// collecting are functions of the garbage collector's own goroutines.
var collecting = []string{"runtime.gcBgMarkWorker", "runtime.bgsweep", "runtime.bgscavenge"}

// Profile is where the processor time of one kind of work goes.
type Profile struct {
	What   string             `json:"what"`   // as "a stored callback"
	CPU    time.Duration      `json:"cpu_ns"` // of each
	Shares map[string]float64 `json:"shares"` // of 1, by part
}

// profiled is one kind of work, with the stage that does it while a profile is taken.
type profiled struct {
	what    string
	measure func(*bench, context.Context, *site) (times int, err error)
}

var profileds = []profiled{
	{"a stored callback", (*bench).profileCallbacks},
	{"a swept event", func(b *bench, ctx context.Context, s *site) (int, error) {
		if _, err := s.stage(ctx, "log", b.Events, b.Contacts, s.events); err != nil {
			return 0, err
		}
		s.events += b.Events
		_, err := s.stage(ctx, "profile-sweep")
		return b.Events, err
	}},
	{"an exported row", func(b *bench, ctx context.Context, s *site) (int, error) {
		_, err := s.stage(ctx, "profile-run", profiledRuns)
		return profiledRuns * b.Contacts, err
	}},
}

// profiledRuns is how many runs a profile is of: the profiler looks a hundred times a second.
const profiledRuns = 3

// Profiles takes the profiles, of contacts with full histories.
func Profiles(ctx context.Context, o Options) (list []Profile, machine Machine, err error) {
	b, err := newBench(o)
	if err != nil {
		return nil, machine, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	s, err := b.full(ctx)
	if err != nil {
		return nil, machine, err
	}
	for _, p := range profileds {
		b.note("profiling %s", p.what)
		times, err := p.measure(b, ctx, s)
		if err != nil {
			return nil, machine, err
		}
		found, err := readProfile(profilePath(s.config()), p.what, times)
		if err != nil {
			return nil, machine, err
		}
		list = append(list, found)
	}
	return list, b.report.Machine, nil
}

// profileCallbacks loads a daemon that takes a profile of itself.
func (b *bench) profileCallbacks(ctx context.Context, s *site) (int, error) {
	d, err := b.startDaemon(ctx, "bench", "stage", "profile-serve", s.config())
	if err != nil {
		return 0, err
	}
	did, err := LoadFor(ctx, d.Callbacks, b.besideLoad().connections, 5*b.Lasting, b.besideLoad().body())
	return did.Count, errors.Join(err, d.Stop())
}

// profilePath is the file of the profile that a stage takes.
func profilePath(config string) string { return filepath.Join(filepath.Dir(config), "cpu.pprof") }

// profiling takes a profile while something is done.
func profiling(config string, do func() error) (err error) {
	f, err := os.Create(profilePath(config))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return do()
}

// profileSweep sweeps what waits.
func profileSweep(ctx context.Context, _ io.Writer, path string, _ []int) error {
	return withStore(path, func(a *app.App) error {
		return profiling(path, func() error {
			_, err := (&app.Operations{Config: a.Config, Store: a.Store}).Sweep(ctx, hygiene.InstantOf(time.Now()))
			return err
		})
	})
}

// profileRuns makes runs: numbers is how many.
func profileRuns(ctx context.Context, _ io.Writer, path string, numbers []int) error {
	return withStore(path, func(a *app.App) error {
		exporter := &exports.Exporter{Operations: &app.Operations{Config: a.Config, Store: a.Store}}
		return profiling(path, func() error {
			for n := range numbers[0] {
				at := time.Now().Truncate(time.Second).Add(time.Duration(n) * time.Second)
				if _, err := exporter.Export(ctx, "nightly", at, func() hygiene.Instant { return hygiene.InstantOf(at.Add(time.Second)) }); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// readProfile adds a profile up by parts, for so many things that were done.
func readProfile(path, what string, times int) (found Profile, err error) {
	f, err := os.Open(path)
	if err != nil {
		return found, err
	}
	defer f.Close()
	p, err := profile.Parse(f)
	if err != nil {
		return found, fmt.Errorf("read the profile of %s: %w", what, err)
	}
	found = Profile{What: what, Shares: map[string]float64{}}
	total := 0.0
	for _, sample := range p.Sample {
		spent := float64(sample.Value[len(sample.Value)-1]) // nanoseconds
		total += spent
		found.Shares[partOf(sample)] += spent
	}
	if total == 0 {
		return found, fmt.Errorf("the profile of %s is empty: take more --contacts, --events or a longer --lasting", what)
	}
	for part := range found.Shares {
		found.Shares[part] /= total
	}
	found.CPU = time.Duration(total / float64(times))
	return found, nil
}

// partOf is what a sample's time was spent on.
func partOf(sample *profile.Sample) string {
	background := false
	for _, location := range sample.Location { // the end of the stack comes first
		for _, line := range location.Line {
			for _, p := range parts {
				if strings.HasPrefix(line.Function.Name, p.prefix) {
					return p.part
				}
			}
			background = background || slices.Contains(collecting, line.Function.Name)
		}
	}
	if background {
		return "garbage collection in the background"
	}
	return "Go's scheduler"
}

// PrintProfiles prints the shares in Markdown, the largest first.
func PrintProfiles(w io.Writer, machine Machine, list []Profile) {
	fmt.Fprintf(w, "%s.\n\n", machine)
	head, sum := []string{"CPU"}, []string{"of each"}
	largest := map[string]float64{}
	for _, p := range list {
		head, sum = append(head, p.What), append(sum, seconds(p.CPU.Seconds()))
		for part, share := range p.Shares {
			largest[part] = max(largest[part], share)
		}
	}
	names := []string{}
	for part, share := range largest {
		if share >= 0.005 {
			names = append(names, part)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if largest[a] != largest[b] {
			return int(1e6 * (largest[b] - largest[a]))
		}
		return strings.Compare(a, b)
	})
	rows := [][]string{head, sum}
	for _, part := range names {
		row := []string{part}
		for _, p := range list {
			text := ""
			if share := p.Shares[part]; share >= 0.005 {
				text = ui.Percent(float64(int(100*share+.5)) / 100)
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	PrintMarkdown(w, rows)
}
