package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"winnow/internal/procusage"
	"winnow/internal/ui"
)

// besideLoad is the load beside which everything else goes on: of contacts that the store
// has.
func (b *bench) besideLoad() load {
	return load{connections: 256, key: "text", known: b.Contacts, goals: [3]string{"", "", "<= 3"}}
}

// beside compares callbacks beside sweeps, runs, backups and rejudges with those of a daemon
// that stores nothing and does nothing else.
func (b *bench) beside(ctx context.Context) error {
	s, err := b.full(ctx)
	if err != nil {
		return err
	}
	l := b.besideLoad()
	l.known = 0
	var nothing []loaded
	for round := range b.Rounds {
		b.note("callbacks that are not stored: round %d of %d", round+1, b.Rounds)
		did, err := b.underLoad(ctx, "discard", l)
		if err != nil {
			return err
		}
		nothing = append(nothing, did)
	}
	text, err := b.config(siteOptions{key: "text", every: "1s"})
	if err != nil {
		return err
	}
	config := filepath.Join(s.folder, "busy.yaml")
	if err := os.WriteFile(config, text, 0o600); err != nil {
		return err
	}
	b.note("callbacks beside sweeps, runs, backups and rejudges")
	d, err := b.startDaemon(ctx, "serve", "-c", config)
	if err != nil {
		return err
	}
	stored, done, err := b.loadBeside(ctx, d, config)
	if err = errors.Join(err, d.Stop()); err != nil {
		return err
	}
	title := fmt.Sprintf("256 connections beside a sweep a second and %s", done)
	base := []loaded{nothing[len(nothing)/2]}
	b.addLoad("beside", title, 1, b.besideLoad().goals, []loaded{stored}, base)
	return nil
}

// chores are what goes on beside callbacks, one after the other, and how often each was done.
type chores struct{ runs, backups, rejudges int64 }

// String says how often each was done.
func (c chores) String() string {
	return fmt.Sprintf("%s, %s, %s", ui.Count(c.runs, "run"), ui.Count(c.backups, "backup"), ui.Count(c.rejudges, "rejudge"))
}

// loadBeside loads the daemon until each chore was done at least once, and for a while.
func (b *bench) loadBeside(ctx context.Context, d *Daemon, config string) (did loaded, done chores, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	before, err := d.Usage()
	if err == nil {
		err = procusage.ResetPeak(d.PID())
	}
	if err != nil {
		return did, done, err
	}
	go func() {
		defer stop()
		var err error
		for began := time.Now(); err == nil && (time.Since(began) < 4*b.Lasting || done.rejudges == 0); {
			err = b.doChores(ctx, d, config, &done)
		}
		ended <- err
	}()
	did.Answered, err = Load(ctx, d.Callbacks, b.besideLoad().connections, b.besideLoad().body())
	if err = errors.Join(err, <-ended); err != nil {
		return did, done, err
	}
	after, err := d.Usage()
	did.used = after.Since(before)
	return did, done, err
}

// doChores makes a run, a backup and a rejudge.
func (b *bench) doChores(ctx context.Context, d *Daemon, config string, done *chores) error {
	if err := requestRun(ctx, d); err != nil {
		return err
	}
	done.runs++
	to, err := os.MkdirTemp(b.folder, "backup-")
	if err != nil {
		return err
	}
	_, err = process(b.command(ctx, "backup", to, "-c", config))
	if err = errors.Join(err, os.RemoveAll(to)); err != nil {
		return err
	}
	done.backups++
	if _, err := process(b.command(ctx, "rejudge", "--apply", "-c", config)); err != nil {
		return err
	}
	done.rejudges++
	return nil
}

// requestRun makes the daemon run the export. Runs are named by the second: a request in the
// second of the previous run is repeated.
func requestRun(ctx context.Context, d *Daemon) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.API+"/exports/nightly/run", nil)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+adminToken)
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		switch {
		case answer.StatusCode == http.StatusConflict:
			time.Sleep(50 * time.Millisecond)
		case err != nil || answer.StatusCode != http.StatusOK:
			return errors.Join(err, fmt.Errorf("the run was answered %s: %s", answer.Status, text))
		default:
			return nil
		}
	}
}
