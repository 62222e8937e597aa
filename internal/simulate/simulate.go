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
// What was answered is noted in a byte an event (ledger.go), so a run of millions needs
// millions of bytes, and the log is read once to compare (verify.go). A callback without an
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
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/simulate/bodies"
	"winnow/internal/simulate/load"
	"winnow/internal/simulate/traffic"
	"winnow/internal/ui"
)

// Options say what is simulated.
type Options struct {
	Traffic traffic.Options
	Rate    float64       // callbacks a second; 0 for as fast as they are answered
	Count   int64         // events; 0 for no limit
	For     time.Duration // how long; 0 for no limit
	Days    int           // over which the times of events are spread, up to now

	Connections int
	Timeout     time.Duration   // of one request
	Retries     []time.Duration // when a callback is sent again that was not stored, each counted from the try before

	To, TokenFile string // the beginning of a callback URL, and the file of its token
	Live          bool   // the daemon of Config
	Copy          bool   // a throw-away daemon with the sources and rules of Config
	Config        string // path of a config
	Source        string // of the config; "" for its only one
	Preset        string
	Contact       string // where the contact is in the preset's callbacks; "" for as the preset says
	File          string // an archive that is written instead of sending
	Answered      string // a file for what was answered; "" for none
	SendLog       string // a file for the send log; "" for none
	Apply         bool   // send to a daemon that is not a throw-away one
	Keep          bool   // keep the folder of a throw-away daemon

	Example []byte // config.example.yaml
	Program string // the path of this program, to start daemons with
}

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
		errs = append(errs, s.save(s.Answered))
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
	ledger  ledger
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
	if t.phoneKeys && o.Traffic.Contacts > traffic.Phones() {
		return nil, ui.Usagef("contacts are phone numbers here, and at most %s numbers are known that no person has; write --contacts %[1]s or less", ui.Number(traffic.Phones()))
	}
	s := &simulation{Options: o, run: newRun(), target: t, maker: maker, traffic: traffic.New(o.Traffic, maker.Announces()), began: time.Now()}
	s.report = &Report{Run: prefix + s.run, Source: t.name, Preset: t.preset, Lacking: lacking, options: o}
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
	if s.For > 0 {
		w.until = time.Now().Add(s.For)
	}
	show, done := out.Progress("callback")
	record := load.NewRecorder(time.Now(), time.Second, show)
	load.Run(ctx, load.Options{To: s.target.to, TLS: s.target.tls, Connections: s.Connections, Rate: s.Rate, Timeout: s.Timeout}, w, record)
	done()
	s.report.addWork(w)
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
		c := &checked{run: s.run, steps: s.traffic.Steps(), notes: s.ledger.notes}
		s.report.Check, err = c.against(ctx, out, a, after)
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
		s.target.name, s.target.to.Scheme, s.target.to.Host, how, ui.Count(int64(s.Connections), "connection"), prefix)
	return err
}
