package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/daemon"
	"winnow/internal/procusage"
	"winnow/internal/receiver"
	"winnow/internal/traffic"
	"winnow/store"
)

// stages are what a process of its own does for the benchmark, by name. Each has the path of
// a config, and numbers.
var stages = map[string]func(ctx context.Context, out io.Writer, config string, numbers []int) error{
	"fill": fill, "append": appendAlone, "log": appendMany, "visits": appendVisits, "idle": sweepIdly,
	"profile-sweep": profileSweep, "profile-run": profileRuns,
	"profile-serve": func(ctx context.Context, _ io.Writer, config string, _ []int) error {
		return profiling(config, func() error { return serve(ctx, config, nil) })
	},
	"discard": func(ctx context.Context, _ io.Writer, config string, _ []int) error {
		return serve(ctx, config, func(*store.Store) receiver.Log { return discardLog{} })
	},
	"single": func(ctx context.Context, _ io.Writer, config string, _ []int) error {
		return serve(ctx, config, func(s *store.Store) receiver.Log { return &unbatchedLog{s: s} })
	},
}

// Stage is a process that the benchmark starts: args are the name of a stage, a config, and
// numbers. What it found out goes to out.
func Stage(ctx context.Context, out io.Writer, args []string) error {
	if len(args) < 2 || stages[args[0]] == nil {
		return fmt.Errorf("stages are started by winnow bench: run that")
	}
	var numbers []int
	for _, text := range args[2:] {
		n, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		numbers = append(numbers, n)
	}
	return stages[args[0]](ctx, out, args[1], numbers)
}

// The times of what is made up end today. Histories that are filled are older than the events
// that are swept later.
const (
	eventsSpan = 300 * 24 * time.Hour
	fillSpan   = 200 * 24 * time.Hour
	eventStep  = 500 * time.Millisecond
)

// withStore opens the store of a config.
func withStore(path string, do func(*app.App) error) error {
	a, err := app.Open(app.Options{Path: path, Access: app.Creates})
	if err != nil {
		return err
	}
	return errors.Join(do(a), a.Close())
}

// fill makes contacts with phone numbers and a bucket, and so many events of each, half of
// them deliveries, that wait to be swept: numbers are contacts and events of each.
func fill(ctx context.Context, _ io.Writer, path string, numbers []int) error {
	contacts, entries := numbers[0], numbers[1]
	const together = 500 // contacts
	begin := time.Now().Add(-eventsSpan - fillSpan)
	return withStore(path, func(a *app.App) error {
		for from := 0; from < contacts; from += together {
			var profiles []store.Profile
			var events []hygiene.Event
			for i := from; i < min(from+together, contacts); i++ {
				profiles = append(profiles, store.Profile{Key: traffic.ContactKey(i), HasPhone: true, Phone: traffic.Phone(i),
					Attributes: hygiene.Attributes(nil).With("bucket", hygiene.ParseValue(fmt.Sprint(i%segmentCount)))})
				for n := range entries {
					at := begin.Add(time.Duration(n/2)*240*time.Hour + time.Duration(n)*time.Minute + time.Duration(i)*time.Millisecond)
					outcome := []hygiene.Outcome{hygiene.Sent, hygiene.Delivered}[n%2]
					events = append(events, traffic.Event(hygiene.InstantOf(at), traffic.ContactKey(i), fmt.Sprint("old-", i, "-", n/2), outcome))
				}
			}
			if _, err := a.Store.SaveProfiles(profiles, 1); err != nil {
				return err
			}
			if err := appendInCommits(ctx, a.Store, events, importCommit); err != nil {
				return err
			}
		}
		return nil
	})
}

// importCommit is how many events an import commits together.
const importCommit = 4096

func appendInCommits(ctx context.Context, s *store.Store, events []hygiene.Event, size int) error {
	for commit := range slices.Chunk(events, size) {
		if err := s.Append(ctx, commit, nil); err != nil {
			return err
		}
	}
	return nil
}

// appended is what a stage that appends found out: what the appending alone took.
type appended struct {
	Took time.Duration   `json:"took_ns"`
	Used procusage.Usage `json:"used"`
}

// appendAlone appends the same commit again and again: numbers are events and events a commit.
func appendAlone(ctx context.Context, out io.Writer, path string, numbers []int) error {
	events := traffic.Events(numbers[1], 1_000_000, hygiene.InstantOf(time.Now().Add(-eventsSpan)), eventStep, 1)
	return withStore(path, func(a *app.App) (err error) {
		before, err := procusage.Self()
		if err != nil {
			return err
		}
		began := time.Now()
		for n := 0; n < numbers[0]; n += len(events) {
			if err := a.Store.Append(ctx, events, nil); err != nil {
				return err
			}
		}
		did := appended{Took: time.Since(began)}
		after, err := procusage.Self()
		did.Used = after.Since(before)
		return errors.Join(err, json.NewEncoder(out).Encode(did))
	})
}

// visitEvents is how many events of a contact come in a row while a log grows.
const visitEvents = 10

// appendVisits appends events of contact after contact: the numbers are those of appendMany.
func appendVisits(ctx context.Context, out io.Writer, path string, numbers []int) error {
	return appendMade(ctx, out, path, numbers, func(n, contacts, there int, at hygiene.Instant) []hygiene.Event {
		return traffic.Visits(n, contacts, visitEvents, there, at, eventStep)
	})
}

// appendMany appends events of any contacts, which are all different: numbers are events,
// contacts, and how many events there are already.
func appendMany(ctx context.Context, out io.Writer, path string, numbers []int) error {
	return appendMade(ctx, out, path, numbers, func(n, contacts, there int, at hygiene.Instant) []hygiene.Event {
		return traffic.Events(n, contacts, at, eventStep, uint64(there+1))
	})
}

func appendMade(ctx context.Context, out io.Writer, path string, numbers []int, made func(n, contacts, there int, at hygiene.Instant) []hygiene.Event) error {
	count, contacts, there := numbers[0], numbers[1], numbers[2]
	const together = 8 * importCommit
	return withStore(path, func(a *app.App) error {
		var did appended
		for n := 0; n < count; n += together {
			at := hygiene.InstantOf(time.Now().Add(-eventsSpan)).Add(time.Duration(there+n) * eventStep)
			events := made(min(together, count-n), contacts, there+n, at)
			before, err := procusage.Self()
			if err != nil {
				return err
			}
			began := time.Now()
			if err := appendInCommits(ctx, a.Store, events, importCommit); err != nil {
				return err
			}
			did.Took += time.Since(began)
			after, err := procusage.Self()
			if err != nil {
				return err
			}
			did.Used = did.Used.Add(after.Since(before))
		}
		return json.NewEncoder(out).Encode(did)
	})
}

// sweepIdly sweeps when there is nothing to sweep: numbers is how often. It prints the median.
func sweepIdly(ctx context.Context, out io.Writer, path string, numbers []int) error {
	return withStore(path, func(a *app.App) error {
		ops := &app.Operations{Config: a.Config, Store: a.Store}
		var took []time.Duration
		for range numbers[0] {
			began := time.Now()
			if _, err := ops.Sweep(ctx, hygiene.InstantOf(began)); err != nil {
				return err
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		return json.NewEncoder(out).Encode(took[len(took)/2])
	})
}

// serve is the daemon with another log than its store.
func serve(ctx context.Context, path string, log func(*store.Store) receiver.Log) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	d, err := daemon.New(daemon.Options{Config: path, Version: "bench", Log: log,
		Logger: func(*config.Config) *slog.Logger { return slog.New(slog.NewTextHandler(os.Stderr, nil)) }})
	if err != nil {
		return err
	}
	return d.Serve(ctx)
}

// discardLog stores nothing.
type discardLog struct{}

// Append forgets the events.
func (discardLog) Append(context.Context, []hygiene.Event, []hygiene.Unreadable) error { return nil }

// unbatchedLog commits each request separately.
type unbatchedLog struct {
	mu sync.Mutex
	s  *store.Store
}

// Append stores the events of a request alone.
func (l *unbatchedLog) Append(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.s.Append(ctx, events, bad)
}
