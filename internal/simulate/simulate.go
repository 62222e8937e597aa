// Package simulate sends the callbacks of a provider that does not exist to a daemon, and
// checks that all it answered is stored, once.
//
// Operations size a machine with it, and try rules. The target is a throw-away daemon in a
// temporary folder, unless a daemon is named. What is sent is real: package bodies makes it of
// the confirmed examples of a preset, package traffic says about which contacts and in which
// order, package load sends it and measures.
//
// The ids of messages begin with simulated- and a word for the run, and contacts have keys of
// that beginning or phone numbers that no person has; so what is simulated stays apart
// from what is not, and a run from another.
//
// What was answered is noted and compared with the log by package answered. A callback without an
// answer may be stored or not; it is sent again, as a provider does, and counts for both.
//
// Where to change what: what is sent where in target.go and throwaway.go; when a callback is
// sent again in work.go; the report in report.go.
package simulate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/simulate/answered"
	"winnow/internal/simulate/bodies"
	"winnow/internal/simulate/load"
	"winnow/internal/simulate/traffic"
	"winnow/internal/ui"
)

// Run sends the traffic, reports, and checks.
func Run(ctx context.Context, out *ui.Printer, o Options) (err error) {
	if o.File != "" {
		return o.writeArchive(out)
	}
	t, d, err := o.open(ctx)
	if err != nil {
		return err
	}
	if d != nil {
		defer func() { err = errors.Join(err, d.remove(out, o.Keep)) }()
	}
	s, err := o.prepare(t)
	if err != nil {
		return err
	}
	if d == nil && !o.Apply {
		return s.preview(out)
	}
	if d != nil {
		s.env = d.lookup
	}
	if err := s.execute(ctx, out, d); err != nil {
		return err
	}
	if err := s.report.print(out); err != nil {
		return err
	}
	return ctx.Err() // an interrupt ends the sending, and what was answered until then is checked
}

// execute sends, checks and judges.
func (s *simulation) execute(ctx context.Context, out *ui.Printer, d *throwAway) error {
	after, err := s.lastLine()
	if err != nil {
		return err
	}
	s.report.Measured = s.send(ctx, out)
	ctx = context.WithoutCancel(ctx)
	if err := s.writeFiles(); err != nil {
		return err
	}
	if d != nil {
		if err := d.stop(); err != nil {
			return err
		}
		s.report.Daemon = d.usage
	}
	if err := s.check(ctx, out, after); err != nil {
		return err
	}
	if d != nil {
		s.report.Judged, err = s.judge(ctx)
	}
	return err
}

// writeFiles writes the files that were asked for.
func (s *simulation) writeFiles() error {
	var errs []error
	if s.Answered != "" {
		errs = append(errs, s.ledger.Save(s.Answered, hygiene.InstantOf(s.began)))
	}
	if s.SendLog != "" {
		errs = append(errs, s.writeSendLog(s.SendLog))
	}
	return errors.Join(errs...)
}

// open is the target, and its daemon if that is a throw-away one.
func (o *Options) open(ctx context.Context) (*target, *throwAway, error) {
	switch {
	case o.To != "":
		t, err := o.remote()
		return t, nil, err
	case o.Live:
		t, err := o.live()
		return t, nil, err
	}
	d, err := startThrowAway(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	return d.target, d, nil
}

// simulation is one run.
type simulation struct {
	*Options
	run     string
	target  *target
	maker   *bodies.Maker
	traffic *traffic.Traffic
	env     func(string) (string, bool) // of the target's config; nil for that of the process
	ledger  answered.Ledger
	began   time.Time
	report  *Report
}

// prepare makes the traffic for a target.
func (o *Options) prepare(t *target) (*simulation, error) {
	maker, err := bodies.New(t.source)
	if err != nil {
		return nil, err
	}
	mix, lacking := o.Traffic.Mix.Without(maker.Lacks)
	o.Traffic.Mix = mix
	if o.Traffic.Kinds = maker.Lies(); o.File != "" {
		o.Traffic.Kinds = inArchive(o.Traffic.Kinds)
	}
	if t.signer != nil {
		o.Traffic.Kinds = slices.DeleteFunc(o.Traffic.Kinds, t.signer.cannot)
	}
	if t.phoneKeys && o.Traffic.Contacts > traffic.Phones() {
		return nil, ui.Usagef("contacts are phone numbers here, and at most %s numbers are known that no person has; write --contacts %[1]s or less", ui.Number(traffic.Phones()))
	}
	s := &simulation{Options: o, run: newRun(), target: t, maker: maker, traffic: traffic.New(o.Traffic, maker.Announces()), began: time.Now()}
	s.ledger.Run, s.ledger.Steps = s.run, s.traffic.Steps()
	s.report = &Report{Run: traffic.Prefix + s.run, Source: t.name, Preset: t.preset, Lacking: lacking, options: o}
	return s, nil
}

// newRun is a word for a run, which no other has.
func newRun() string {
	word := make([]byte, 4)
	_, _ = rand.Read(word) // it never fails
	return hex.EncodeToString(word)
}

// moment is when an event happened that begins to arrive now.
func (s *simulation) moment(n int64) time.Time {
	if s.Days == 0 || s.Traffic.Total == 0 {
		return time.Now()
	}
	back := time.Duration(s.Days) * 24 * time.Hour
	return s.began.Add(-back + time.Duration(float64(back)*float64(n)/float64(s.Traffic.Total)))
}

// send sends everything.
func (s *simulation) send(ctx context.Context, out *ui.Printer) *load.Measured {
	w := &work{run: s.run, target: s.target, traffic: s.traffic, maker: s.maker, ledger: &s.ledger, retries: s.Retries, limit: s.Count,
		sequence: s.traffic.Sequence(0, s.moment), counts: map[hygiene.Outcome]int64{}, unexpected: map[unexpected]int64{}}
	show, done := out.Progress("callback")
	defer done()
	defer func() { s.report.addWork(w) }()
	if s.Within > 0 {
		return s.findLimit(ctx, w, show)
	}
	return s.sendAt(ctx, w, s.Rate, show)
}

// sendAt sends at a rate, for as long or as much as was asked for.
func (s *simulation) sendAt(ctx context.Context, w *work, rate float64, show func(int64)) *load.Measured {
	if s.For > 0 {
		w.until = time.Now().Add(s.For)
	}
	record := load.NewRecorder(time.Now(), time.Second, show)
	load.Run(ctx, load.Options{To: s.target.to, TLS: s.target.tls, Connections: s.Connections, Rate: rate, Timeout: s.Timeout}, w, record)
	return record.End()
}

// lastLine is the last line of the store's log; 0 where the store is not known or not there
// yet.
func (s *simulation) lastLine() (n int64, err error) {
	if s.target.config == "" || !s.Live {
		return 0, nil
	}
	err = s.withStore(func(a *app.App) error {
		n, err = a.Store.LastLine()
		return err
	})
	return n, err
}

func (s *simulation) withStore(do func(*app.App) error) error {
	a, err := app.Open(app.Options{Path: s.target.config, Env: s.env, Fallback: app.WhenBroken})
	if err != nil {
		return err
	}
	return errors.Join(do(a), a.Close())
}

// check compares what was answered with the store, where that is known.
func (s *simulation) check(ctx context.Context, out *ui.Printer, after int64) error {
	if s.target.config == "" {
		return nil
	}
	return s.withStore(func(a *app.App) (err error) {
		s.report.Check, err = compare(ctx, out, &s.ledger, a, after)
		return err
	})
}

// preview says what would be sent.
func (s *simulation) preview(out *ui.Printer) error {
	how := "as fast as it is answered"
	if s.Rate > 0 {
		how = fmt.Sprintf("%g a second", s.Rate)
	}
	_, err := fmt.Fprintf(out.Stdout, "would send simulated callbacks of the source %s to %s://%s, %s, over %s\n"+
		"That daemon stores them beside real ones: its exports would have the contacts %s0 and following, and its reports would count them.\n"+
		"Try rules on a throw-away daemon instead (leave out --live and --to), or add --apply to send them\n",
		s.target.name, s.target.to.Scheme, s.target.to.Host, how, ui.Count(int64(s.Connections), "connection"), traffic.Prefix)
	return err
}
