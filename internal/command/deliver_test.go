package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store"
)

// Nobody waits in a test, and neither do its daemons and commands.
func init() { deliveryTempo = tempo{} }

// shelf is a remote that notes what it is brought, and may be down.
type shelf struct {
	name string

	mu     sync.Mutex
	down   error
	got    []string // runs, with a star when readers are pointed to them
	knocks int
}

func (s *shelf) String() string { return s.name }

func (s *shelf) Deliver(ctx context.Context, d segments.Delivery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.knocks++
	if s.down != nil {
		return s.down
	}
	if err := d.Verify(ctx); err != nil {
		return err
	}
	s.got = append(s.got, d.Run[len("2026-01-"):len("2026-01-02")]+map[bool]string{true: "*"}[d.Newest])
	return nil
}

func (s *shelf) be(down error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

var errDown = errors.New("nobody answers")

// remoteAct is testAct whose export has these remotes.
func remoteAct(t *testing.T, remotes ...segments.Destination) (*act, segments.Export) {
	t.Helper()
	a := testAct(t)
	e := &a.config.Exports[0]
	e.To, e.Delta = append(e.To, remotes...), []string{"do-not-text"}
	return a, *e
}

// night makes a run of that day of January and delivers.
func (a *act) night(t *testing.T, day int) segments.Run {
	t.Helper()
	run := a.nightlyAt(t, time.Date(2026, 1, day, 2, 0, 0, 0, time.UTC))
	a.post(t)
	return run
}

func (a *act) post(t *testing.T) {
	t.Helper()
	if err := a.deliver(context.Background(), a.config.Exports[0], true); err != nil {
		t.Fatal(err)
	}
}

func (a *act) waiting(t *testing.T) []store.Delivery {
	t.Helper()
	list, err := undeliveredRuns(a.config, a.store)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (s *shelf) wants(t *testing.T, runs ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.got, runs) {
		t.Errorf("%s got %q, want %q", s.name, s.got, runs)
	}
}

func TestAServerThatWasDownGetsItsNightsInTheirOrder(t *testing.T) {
	crm, lake := &shelf{name: "crm"}, &shelf{name: "lake"}
	a, e := remoteAct(t, crm, lake)
	a.night(t, 1)
	crm.be(errDown)
	for day := 2; day <= 4; day++ {
		run := a.night(t, day)
		if to, _ := os.Readlink(a.folder("latest")); to != run.Name || run.Status != segments.Published {
			t.Errorf("night %d is %s and latest %s", day, run.Status, to)
		}
	}
	crm.wants(t, "01*")
	lake.wants(t, "01*", "02*", "03*", "04*")
	if late := late(a.waiting(t), 0); len(late) != 1 || !strings.Contains(late[0].What, "3 runs of nightly, the first 2026-01-02T020000Z: nobody answers") {
		t.Errorf("people are told %q", late)
	}
	crm.be(nil)
	if err := a.deliver(context.Background(), e, false); err != nil {
		t.Fatal(err)
	}
	crm.wants(t, "01*", "02", "03", "04*")
	if list := a.waiting(t); len(list) > 0 {
		t.Errorf("still waiting: %+v", list)
	}
}

func TestAKillBeforeDeliveringLosesNoRun(t *testing.T) {
	crm := &shelf{name: "crm"}
	a, e := remoteAct(t, crm)
	a.night(t, 1)
	for day := 2; day <= 3; day++ {
		at := hygiene.InstantOf(time.Date(2026, 1, day, 2, 0, 0, 0, time.UTC))
		run := segments.Run{Export: "nightly", Name: segments.RunName(at), ScheduledAt: at, AsOf: at}
		if _, err := a.store.BeginRun(run); err != nil {
			t.Fatal(err)
		}
		if _, err := a.execute(context.Background(), e, run, func() hygiene.Instant { return at }); err != nil {
			t.Fatal(err)
		}
		if err := a.concludeRuns(e); err != nil { // by whoever comes next, and is killed too
			t.Fatal(err)
		}
	}
	a.post(t)
	crm.wants(t, "01*", "02", "03*")
}

func TestAHeldRunLeavesTheMachineWhenItIsReleased(t *testing.T) {
	crm := &shelf{name: "crm"}
	a, _ := remoteAct(t, crm)
	a.night(t, 1)
	a.config.Exports[0].Guard.MinRows = map[string]int64{"reachable": 1000}
	held := a.night(t, 2)
	crm.wants(t, "01*")
	if _, err := a.makeUp(context.Background(), "nightly", held.Name, nil); err == nil || !strings.Contains(err.Error(), "winnow release nightly/"+held.Name) {
		t.Errorf("made up, a held run says %v", err)
	}
	if _, err := a.release(context.Background(), "nightly", held.ScheduledAt, hygiene.InstantOf(time.Now())); err != nil {
		t.Fatal(err)
	}
	a.post(t)
	crm.wants(t, "01*", "02*")
}

// The outbox is younger than the run, and what is missing there stops nobody.
func TestARunHeldBeforeThereWereServersReachesThem(t *testing.T) {
	crm := &shelf{name: "crm"}
	a, _ := remoteAct(t)
	a.config.Exports[0].Guard.MinRows = map[string]int64{"reachable": 1000}
	held := a.night(t, 1)
	a.config.Exports[0].To = append(a.config.Exports[0].To, crm)
	did, err := a.release(context.Background(), "nightly", held.ScheduledAt, hygiene.InstantOf(time.Now()))
	if err != nil || did.Run.Error != "" {
		t.Errorf("released it tells of %v, %q", err, did.Run.Error)
	}
	a.post(t)
	crm.wants(t, "01*")
}

func TestWhoeverDeliversASecondTimeAtOnceFindsItDone(t *testing.T) {
	crm := &shelf{name: "crm"}
	a, _ := remoteAct(t, crm)
	crm.be(errDown)
	a.night(t, 1)
	crm.be(nil)
	other, err := store.Open(a.store.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	var both sync.WaitGroup
	var errs [2]error
	for i, s := range []*store.Store{a.store, other} {
		b := *a
		b.store = s
		both.Go(func() { errs[i] = b.deliver(t.Context(), b.config.Exports[0], true) })
	}
	both.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Error(err)
	}
	crm.wants(t, "01*")
}

func TestARunThatIsGoneStandsInNobodysWay(t *testing.T) {
	crm := &shelf{name: "crm", down: errDown}
	a, e := remoteAct(t, crm)
	first, damaged := a.night(t, 1), a.night(t, 2)
	a.night(t, 3)
	for _, d := range a.directories(e) {
		if err := os.RemoveAll(filepath.Join(string(d), "nightly", first.Name)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(string(d), "nightly", damaged.Name, "reachable.csv"), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	crm.be(nil)
	a.post(t)
	crm.wants(t, "03*")
	list, err := a.store.Deliveries("nightly")
	if err != nil || list[0].Status != store.Gone || list[1].Status != store.Gone || !strings.Contains(list[1].Error, "no whole copy of the run is left") {
		t.Errorf("they stand as %+v, %v", list, err)
	}
}

// A server may be down for longer than runs are kept.
func TestLostRunsAreToldUntilTheServerHasALaterOne(t *testing.T) {
	crm := &shelf{name: "crm", down: errDown}
	a, _ := remoteAct(t, crm)
	a.config.Exports[0].Keep = 1
	for day := 1; day <= 3; day++ {
		a.night(t, day)
	}
	lost := "older runs are lost to it, the last of them 2026-01-02T020000Z"
	if late := late(a.waiting(t), 0); len(late) != 1 || !strings.Contains(late[0].What, "1 run of nightly, the first 2026-01-03T020000Z: nobody answers") || !strings.Contains(late[0].What, lost) {
		t.Errorf("with one run left it is said %+v", late)
	}
	for _, d := range a.directories(a.config.Exports[0]) {
		if err := os.RemoveAll(filepath.Join(string(d), "nightly", "2026-01-03T020000Z")); err != nil {
			t.Fatal(err)
		}
	}
	a.post(t)
	if late := late(a.waiting(t), 0); len(late) != 1 || !strings.Contains(late[0].What, "crm never got run 2026-01-03T020000Z of nightly") {
		t.Errorf("with none left it is said %+v", late)
	}
	crm.be(nil)
	a.night(t, 4)
	if late := late(a.waiting(t), 0); len(late) != 0 {
		t.Errorf("with a later run there, it is still said %+v", late)
	}
}

func TestWhoeverCopyIsWholeIsDelivered(t *testing.T) {
	crm := &shelf{name: "crm", down: errDown}
	a, _ := remoteAct(t, crm)
	run := a.night(t, 1)
	if err := os.Remove(filepath.Join(string(a.outbox()), "nightly", run.Name, "reachable.csv")); err != nil {
		t.Fatal(err)
	}
	crm.be(nil)
	a.post(t)
	crm.wants(t, "01*")
}

func TestWhoIsNotWelcomeDoesNotKnockAgain(t *testing.T) {
	defer func(t tempo) { deliveryTempo = t }(deliveryTempo)
	deliveryTempo = tempo{pauses: []time.Duration{1, 1}, first: time.Minute, longest: time.Hour}
	locked, slow := &shelf{name: "locked", down: fmt.Errorf("no: %w", segments.ErrUnwelcome)}, &shelf{name: "slow", down: errDown}
	a, e := remoteAct(t, locked, slow)
	a.night(t, 1)
	if err := a.deliver(context.Background(), e, false); err != nil { // not yet due
		t.Fatal(err)
	}
	if locked.knocks != 1 || slow.knocks != 3 {
		t.Errorf("it knocked %d times where it is not welcome, and %d where nobody answers", locked.knocks, slow.knocks)
	}
	for _, d := range a.waiting(t) {
		wait := d.NextAt.Sub(hygiene.InstantOf(time.Now()))
		if d.Remote == "locked" && wait < 50*time.Minute || d.Remote == "slow" && (wait > 2*time.Minute || wait < 30*time.Second) {
			t.Errorf("%s is tried again in %s", d.Remote, wait)
		}
	}
}

func TestTheTimeBetweenTriesDoublesToAnHour(t *testing.T) {
	steady := tempo{pauses: []time.Duration{1, 1}, first: time.Minute, longest: time.Hour}
	for tries, want := range map[int64]time.Duration{1: time.Minute, 3: time.Minute, 6: 2 * time.Minute, 9: 4 * time.Minute, 3000: time.Hour} {
		if got := steady.again(tries); got < want*3/4 || got > want*5/4 {
			t.Errorf("after %d tries it waits %s, want about %s", tries, got, want)
		}
	}
	if far := (store.Delivery{NextAt: hygiene.InstantOf(time.Now().AddDate(9, 0, 0))}); !steady.due(far, time.Now()) {
		t.Error("a clock that was wrong for once puts a delivery off for years")
	}
}

func TestAnIdleLookForDeliveriesWritesNothing(t *testing.T) {
	crm := &shelf{name: "crm"}
	a, e := remoteAct(t, crm)
	a.night(t, 1)
	wal := func() string { return readFile(t, a.store.Path()+"-wal") }
	before := wal()
	for range 20 {
		if err := a.deliver(context.Background(), e, false); err != nil {
			t.Fatal(err)
		}
	}
	if wal() != before {
		t.Error("the store was written")
	}
	if crm.knocks != 1 {
		t.Errorf("it knocked %d times", crm.knocks)
	}
}

func TestAPanicOfOneRemoteIsItsOwn(t *testing.T) {
	crm := &shelf{name: "crm"}
	a, e := remoteAct(t, panicking{&shelf{name: "odd"}}, crm)
	a.nightlyAt(t, secondOfJanuary)
	if err := a.deliver(context.Background(), e, true); err == nil || !strings.Contains(err.Error(), "odd: panic") {
		t.Errorf("the panic is told as %v", err)
	}
	crm.wants(t, "02*")
}

type panicking struct{ *shelf }

func (panicking) Deliver(context.Context, segments.Delivery) error { panic("a fault") }

func TestAnOlderRunIsMadeUpAndReadersStay(t *testing.T) {
	crm := &shelf{name: "crm"}
	a, e := remoteAct(t, crm)
	older, newer := a.night(t, 1), a.night(t, 2)
	if err := os.RemoveAll(a.folder(older.Name)); err != nil {
		t.Fatal(err)
	}
	did, err := a.makeUp(context.Background(), "nightly", older.Name, nil)
	if err != nil || len(did.Destinations) != 1 || did.Destinations[0].To != e.To[0].String() || did.Destinations[0].Status != "published" {
		t.Fatalf("it came to %+v, %v", did, err)
	}
	if to, _ := os.Readlink(a.folder("latest")); to != newer.Name {
		t.Errorf("latest points to %s", to)
	}
	elsewhere := t.TempDir()
	if _, err := a.makeUp(context.Background(), "nightly", "latest", []string{elsewhere, "crm://x"}); err == nil || !strings.Contains(err.Error(), "write it there, with the keys that it needs") {
		t.Errorf("a destination that is not in the config: %v", err)
	}
	if _, err := a.makeUp(context.Background(), "nightly", "latest", []string{elsewhere}); err != nil {
		t.Fatal(err)
	}
	b, err := segments.OpenBundle(os.DirFS(filepath.Join(elsewhere, "nightly", "latest")), "nightly", newer.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Verify(context.Background()); err != nil {
		t.Error(err)
	}
	if _, err := a.makeUp(context.Background(), "nightly", "2026-01-09T020000Z", nil); err == nil || !strings.Contains(err.Error(), "there is no run nightly/2026-01-09T020000Z: there are "+newer.Name+", "+older.Name) {
		t.Errorf("an unknown run: %v", err)
	}
	for _, d := range a.directories(e) {
		if err := os.WriteFile(filepath.Join(string(d), "nightly", older.Name, "reachable.csv"), nil, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if _, err := a.makeUp(context.Background(), "nightly", older.Name, []string{elsewhere}); err == nil || !strings.Contains(err.Error(), "reachable.csv does not match the run's manifest") {
		t.Errorf("a run that is not whole any more: %v", err)
	}
}

func TestADeliveredRunThatFailsByHandIsNotOwedAgain(t *testing.T) {
	crm := &shelf{name: "crm"}
	a, _ := remoteAct(t, crm)
	run := a.night(t, 1)
	a.night(t, 2)
	crm.be(errDown)
	target := crm
	at, err := a.bring(t.Context(), a.config.Exports[0], run, target)
	if err != nil || at.well() || !strings.Contains(at.Error, errDown.Error()) {
		t.Errorf("by hand it came to %+v, %v", at, err)
	}
	crm.be(nil)
	a.post(t)
	crm.wants(t, "01*", "02*")
	if list := a.waiting(t); len(list) > 0 {
		t.Errorf("%+v waits", list)
	}
}

func TestWhatWaitsForARemoteThatIsGoneStaysNoLongerThanRunsAreKept(t *testing.T) {
	crm := &shelf{name: "crm", down: errDown}
	a, _ := remoteAct(t, crm)
	a.config.Exports[0].Keep = 2
	a.night(t, 1)
	a.config.Exports[0].To = a.config.Exports[0].To[:1]
	outbox := filepath.Join(string(a.outbox()), "nightly")
	for day := 2; day <= 3; day++ {
		a.night(t, day)
		if _, err := os.Stat(outbox); (err == nil) != (day == 2) {
			t.Errorf("after night %d the outbox: %v", day, err)
		}
	}
}

func TestAnOutboxWithoutRemotesIsCleared(t *testing.T) {
	crm := &shelf{name: "crm", down: errDown}
	a, e := remoteAct(t, crm)
	a.night(t, 1)
	outbox := filepath.Join(string(a.outbox()), "nightly")
	settled := func(remotes ...segments.Destination) bool {
		e.To = append(e.To[:1:1], remotes...)
		if err := a.settleExport(e); err != nil {
			t.Fatal(err)
		}
		_, err := os.Stat(outbox)
		return err == nil
	}
	if !settled() {
		t.Error("a run that waits was taken away")
	}
	crm.be(nil)
	a.post(t)
	if !settled(crm) {
		t.Error("a run of an export with remotes was taken away")
	}
	if settled() {
		t.Error("the runs of an export without remotes stay for ever")
	}
}

func TestTheMetricsAreOfTheRemoteThatIsFurthestBehind(t *testing.T) {
	crm, lake := &shelf{name: "crm"}, &shelf{name: "lake"}
	a, _ := remoteAct(t, crm, lake)
	d := &daemon{store: a.store}
	d.current.Store(a.config)
	a.night(t, 1)
	lake.be(errDown)
	a.night(t, 2)
	a.night(t, 3)
	known, err := a.store.Deliveries("nightly")
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.deliveries()
	if err != nil || got["nightly"].Waiting != 2 || !got["nightly"].Last.Equal(lastDelivered(lake, known)) || !lastDelivered(lake, known).Before(lastDelivered(crm, known)) {
		t.Errorf("counted %+v, %v", got, err)
	}
	lake.be(nil)
	a.post(t)
	if got, err = d.deliveries(); err != nil || got["nightly"].Waiting != 0 || !got["nightly"].Last.Equal(lastDelivered(crm, known)) {
		t.Errorf("made up, counted %+v, %v", got, err)
	}
}
