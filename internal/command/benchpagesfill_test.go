package command

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/segments"
	"winnow/store"
)

const (
	fillDays     = 400    // over which events are spread
	fillRuns     = 2_000  // of each export, before those with files
	fillActs     = 5_000  // in the journal, of one contact each
	fillBigAct   = 20_000 // contacts of the act after them, at most a tenth of all
	fillPolicies = 300
	fillBodies   = 20_000 // in quarantine
	fillSurges   = 12     // hours of hard bounces
)

// fillForPages fills the store of the config: contacts with ten events each, two for a
// message, with the outcomes that a provider has, a few hours of nothing but hard bounces,
// some that nobody can be found for, bodies that can't be read, and what a year of
// exports, journal and policies leaves.
func fillForPages(b *testing.B, path string, contacts int) {
	b.Helper()
	cfg, err := config.Load(path, config.Options{})
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(filepath.Join(filepath.Dir(path), "winnow.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	now := time.Now()
	for i := range fillPolicies {
		failIf(b, s.SavePolicy(fmt.Sprintf("%064x", i+1), fmt.Appendf(nil, "%s\n# %d\n", pagesPolicy, i), hygiene.InstantOf(now.Add(time.Duration(i-fillPolicies)*30*time.Hour))))
	}
	fillContacts(b, s, contacts)
	fillEvents(b, s, contacts, now.Add(-fillDays*24*time.Hour), now)
	fillQuarantine(b, s, now)
	runPages(b, "sweep", "-c", path)
	fillJournal(b, s, cfg.Policy, contacts, hygiene.InstantOf(now))
	for _, export := range []string{"nightly", "hourly"} {
		fillRunsOf(b, s, export, now)
		runPages(b, "export", export, "-c", path)
	}
}

func failIf(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func fillContacts(b *testing.B, s *store.Store, contacts int) {
	cities := []string{"Istanbul", "Ankara", "Izmir", "Bursa", "Adana"}
	for from := 0; from < contacts; from += 1000 {
		var profiles []store.Profile
		for i := from; i < min(from+1000, contacts); i++ {
			profiles = append(profiles, store.Profile{Key: fmt.Sprintf("crm-%08d", i), HasPhone: true, Phone: fmt.Sprintf("+9055%08d", i),
				Attributes: hygiene.Attributes(nil).With("city", hygiene.ParseValue(cities[i%5]))})
		}
		_, err := s.SaveProfiles(profiles, 1)
		failIf(b, err)
	}
}

// ends are how messages end, up to that share of them.
var ends = []struct {
	upTo       float64
	name, code string
	outcome    hygiene.Outcome
}{
	{0.85, "delivered", "", hygiene.Delivered}, {0.94, "undelivered", "1404", hygiene.SoftBounce}, {0.95, "undelivered", "1400", hygiene.HardBounce},
	{0.96, "undelivered", "1408", hygiene.CarrierViolation}, {0.97, "failed", "1500", hygiene.InvalidNumber}, {0.99, "click", "", hygiene.Clicked}, {1, "unsubscribe", "", hygiene.Unsubscribed},
}

func fillEvents(b *testing.B, s *store.Store, contacts int, from, until time.Time) {
	r := rand.New(rand.NewPCG(7, 7))
	messages := contacts * 5
	step := until.Sub(from) / time.Duration(messages)
	var list []hygiene.Event
	for i := range messages {
		at := hygiene.InstantOf(from.Add(time.Duration(i) * step))
		e := hygiene.Event{ReceivedAt: at, At: at, Source: "insider", MessageID: fmt.Sprintf("%016x-%08x", r.Uint64(), i), Contact: fmt.Sprintf("crm-%08d", r.IntN(contacts)),
			Name: "sent", Outcome: hygiene.Sent}
		e.Body = fmt.Appendf(nil, `{"id":%q,"uniqueArgs":{"contact_id":%q,"campaign":"spring-%03d","journey":"%d"},"event":"sent","partCount":1}`, e.MessageID, e.Contact, i*400/messages, i%97)
		end := ends[0]
		for x, at := r.Float64(), 0; x >= end.upTo; at++ {
			end = ends[at+1]
		}
		if hours := int(at.Sub(hygiene.InstantOf(from)) / time.Hour); hours%(fillDays*24/fillSurges) == fillDays*24/fillSurges-30 {
			end = ends[2]
		}
		if i%1000 == 0 {
			e.Contact = "" // its message was in no send log
		}
		list = append(list, e)
		e.Name, e.Code, e.Outcome = end.name, end.code, end.outcome
		if list = append(list, e); len(list) >= 4000 || i == messages-1 {
			failIf(b, s.Append(context.Background(), list, nil))
			list = list[:0]
		}
	}
}

func fillQuarantine(b *testing.B, s *store.Store, now time.Time) {
	why := []string{"it is not JSON", "it has no id", "it has no event"}
	for from := 0; from < fillBodies; from += 1000 {
		var list []hygiene.Unreadable
		for i := range 1000 {
			list = append(list, hygiene.Unreadable{ReceivedAt: hygiene.InstantOf(now.Add(time.Duration(from+i-fillBodies) * time.Minute)), Source: "insider", Why: why[i%3],
				Body: fmt.Appendf(nil, `{"id":"odd-%d","uniqueArgs":{"contact_id":"crm-%08d"},"event":"what","text":"%0300d"}`, i, i, i)})
		}
		failIf(b, s.Append(context.Background(), nil, list))
	}
}

func fillJournal(b *testing.B, s *store.Store, policy *hygiene.Policy, contacts int, now hygiene.Instant) {
	act := func(keys []string, i int, by string) {
		in := hygiene.Instruction{Kind: hygiene.Suppress, Reason: "complaint", Origin: hygiene.ByOperator, By: by, Note: "called"}
		kind := store.SuppressBatch
		if i%2 == 1 {
			in, kind = hygiene.Instruction{Kind: hygiene.Allow, Reason: "complaint", By: by}, store.AllowBatch
		}
		_, err := s.Instruct(policy, store.Subjects{Keys: keys}, in, store.Batch{Kind: kind, About: "a call"}, now)
		failIf(b, err)
	}
	for i := range fillActs {
		act([]string{fmt.Sprintf("crm-%08d", i/2*7%contacts)}, i, []string{"ali", "ayse", "cron"}[i%3])
	}
	var many []string
	for i := range min(fillBigAct, contacts/10) {
		many = append(many, fmt.Sprintf("crm-%08d", i*9%contacts))
	}
	act(many, 0, "ali")
}

// fillRunsOf adds runs whose folders are gone, as all but the latest are.
func fillRunsOf(b *testing.B, s *store.Store, export string, now time.Time) {
	for i := range fillRuns {
		at := hygiene.InstantOf(now.Add(time.Duration(i-fillRuns-1) * 5 * time.Hour).Truncate(time.Second))
		run := segments.Run{Export: export, Name: segments.RunName(at), ScheduledAt: at, AsOf: at, Policy: fmt.Sprintf("%064x", 1)}
		_, err := s.BeginRun(run)
		failIf(b, err)
		switch run.Status, run.FinishedAt = segments.Published, at+1e6; {
		case i%50 == 49:
			run.Status, run.Error = segments.Failed, "the disk is full"
		case i%50 > 40:
			run.Status, run.Error, run.HeldReason = segments.Held, "held: do-not-text would grow from 245 to 423", "do-not-text would grow from 245 to 423"
		}
		failIf(b, s.EndRun(run))
	}
}
