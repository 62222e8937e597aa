package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/app"
	"winnow/internal/exports"
	"winnow/internal/schedule"
	"winnow/store"
)

// scenario is how much happens, and when. Days are counted from the first.
type scenario struct {
	days       int
	people     int
	onWeekdays int // messages a day
	onWeekends int
	onIncident int

	policyDay   int // on which the rules are changed
	incidentDay int // on which a carrier has a bad hour, which nobody reviews
}

// twoMonths is what the served demo plays: the bad hour was five days ago.
var twoMonths = scenario{days: 60, people: 4000, onWeekdays: 650, onWeekends: 250, onIncident: 2400, policyDay: 38, incidentDay: 55}

// campaigns are what the messages are of, one after the other.
var campaigns = []string{"autumn-sale", "loyalty", "back-in-stock", "new-store", "black-friday"}

// history writes two months into a store.
type history struct {
	scenario
	app     *app.App
	reader  *provider.Reader
	random  *rand.Rand
	began   time.Time
	dead    map[int]bool // people whose number is not in use
	message int
}

// writeHistory makes the store of the config at path, with a history that ends shortly
// before now. It calls show with the number of days that are written; it may be nil.
func writeHistory(ctx context.Context, sc scenario, path string, now time.Time, show func(int64)) (err error) {
	midnight := now.UTC().Truncate(24 * time.Hour)
	h := &history{scenario: sc, random: rand.New(rand.NewPCG(1, 2)), began: midnight.AddDate(0, 0, -sc.days), dead: map[int]bool{}}
	if err := h.open(path); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.app.Close()) }()
	if err := h.importPeople(); err != nil {
		return err
	}
	for day := range sc.days + 1 {
		if day == h.policyDay {
			if err := h.changeRules(path); err != nil {
				return err
			}
		}
		if err := h.day(ctx, day, now); err != nil {
			return err
		}
		if show != nil {
			show(int64(day))
		}
	}
	return nil
}

func (h *history) open(path string) (err error) {
	h.app, err = app.Open(app.Options{Path: path, Access: app.Creates, Env: demoEnv})
	if err != nil {
		return err
	}
	readers, err := app.Readers(h.app.Config, h.app.Store)
	if err != nil {
		return errors.Join(err, h.app.Close())
	}
	h.reader = readers[h.app.Config.Sources[0].Name]
	return nil
}

// changeRules edits the config, as an operator did.
func (h *history) changeRules(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	const before, after = "count: 4, within: 14d", "count: 3, within: 14d"
	if !strings.Contains(string(text), before) {
		return fmt.Errorf("the example config has changed: it does not have %q", before)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), before, after, 1)), 0o600); err != nil {
		return err
	}
	return errors.Join(h.app.Close(), h.open(path))
}

func (h *history) importPeople() error {
	list := make([]store.Profile, h.people)
	for i := range list {
		list[i] = store.Profile{Key: keyOf(i), HasPhone: true, Phone: fmt.Sprintf("+90555%07d", 1000000+i)}
		h.dead[i] = h.random.Float64() < .03
	}
	_, err := h.app.Store.SaveProfiles(list, hygiene.InstantOf(h.began))
	return err
}

func keyOf(person int) string { return fmt.Sprintf("crm-%05d", person) }

// nightEnds is when the night's jobs are done, counted from midnight.
const nightEnds = 3 * time.Hour

// day is the night's jobs, a campaign, and what an operator did.
func (h *history) day(ctx context.Context, day int, now time.Time) error {
	midnight := h.began.AddDate(0, 0, day)
	if midnight.Add(nightEnds).After(now) {
		return nil
	}
	ops := &app.Operations{Config: h.app.Config, Store: h.app.Store, Version: "demo"}
	if _, err := ops.Review(ctx, hygiene.InstantOf(midnight.Add(90*time.Minute))); err != nil {
		return err
	}
	if err := h.export(ctx, ops, midnight); err != nil {
		return err
	}
	if err := h.campaign(day, midnight.Add(9*time.Hour+30*time.Minute), now); err != nil {
		return err
	}
	end := midnight.Add(13 * time.Hour)
	if end.After(now) {
		return nil
	}
	if _, err := ops.Sweep(ctx, hygiene.InstantOf(end)); err != nil {
		return err
	}
	return h.operator(ops, day, end)
}

// export makes the night's run of each export, and remembers that it was made.
func (h *history) export(ctx context.Context, ops *app.Operations, midnight time.Time) error {
	x := &exports.Exporter{Operations: ops}
	for _, e := range h.app.Config.Exports {
		s, err := schedule.Parse(e.Schedule, h.app.Config.Timezone)
		if err != nil {
			return err
		}
		at := s.Next(midnight)
		if _, err := x.Export(ctx, e.Name, at, func() hygiene.Instant { return hygiene.InstantOf(at.Add(time.Second)) }); err != nil {
			return err
		}
		if err := h.app.Store.RecordJobTime(ctx, "export/"+e.Name, at); err != nil {
			return err
		}
	}
	return nil
}

// operator is what people did in winnow on some days.
func (h *history) operator(ops *app.Operations, day int, at time.Time) error {
	act := func(kind hygiene.InstructionKind, person int, reason, note string) error {
		of, err := ops.Name(keyOf(person))
		if err != nil {
			return err
		}
		_, err = ops.Instruct(of, hygiene.Instruction{Kind: kind, Origin: hygiene.ByOperator, Reason: reason, Note: note, By: "ali"}, hygiene.InstantOf(at))
		return err
	}
	switch day {
	case h.policyDay / 3:
		return act(hygiene.Suppress, 17, "complaint", "called the shop")
	case h.policyDay - 1:
		return act(hygiene.Suppress, h.people/2, "opted_out", "wrote to support")
	case h.policyDay + 1:
		return act(hygiene.Allow, 17, "complaint", "it was a misunderstanding")
	}
	return nil
}

// campaign sends one message to some of the people and stores what the provider says of
// them, spread over two hours.
func (h *history) campaign(day int, sent, now time.Time) error {
	name := campaigns[day/3%len(campaigns)]
	messages := h.onWeekdays
	switch weekday := sent.Weekday(); {
	case day == h.incidentDay:
		messages = h.onIncident
	case weekday == time.Saturday, weekday == time.Sunday:
		messages = h.onWeekends
	}
	order := h.random.Perm(h.people)[:messages]
	batches := map[time.Time][]json.RawMessage{}
	for i, person := range order {
		h.message++
		id := fmt.Sprintf("sms-%06d", h.message)
		at := sent.Add(time.Duration(i/100) * time.Minute)
		batches[at] = append(batches[at], callbackOf("sent", id, name, person))
		if outcome := h.outcome(day, at, person); outcome != "" {
			answered := at.Add(time.Duration(1+h.random.IntN(6)) * 5 * time.Minute)
			batches[answered] = append(batches[answered], callbackOf(outcome, id, name, person))
		}
	}
	for at := sent; at.Before(sent.Add(3 * time.Hour)); at = at.Add(time.Minute) {
		if len(batches[at]) > 0 && at.Before(now) {
			if err := h.receive(at, batches[at]); err != nil {
				return err
			}
		}
	}
	return nil
}

// badSince is when the carrier's bad hour begins.
func (h *history) badSince() time.Time {
	return h.began.AddDate(0, 0, h.incidentDay).Add(9*time.Hour + 31*time.Minute)
}

// outcome is what becomes of a message; empty for nothing that is ever heard.
func (h *history) outcome(day int, at time.Time, person int) string {
	p := h.random.Float64()
	switch {
	case day == h.incidentDay && !at.Before(h.badSince()) && p < .78: // a carrier answers that numbers are not in use, which are
		return "hard_bounce"
	case h.dead[person]:
		return "hard_bounce"
	case p < .931:
		return "delivered"
	case p < .968:
		return "soft_bounce"
	case p < .976:
		return "carrier_violation"
	case p < .988:
		return "unknown_delivery"
	case p < .991:
		return "invalid_number"
	}
	return ""
}

// callbackOf is a callback of the provider, after its example of that name.
func callbackOf(outcome, id, campaign string, person int) json.RawMessage {
	body, err := callbacks.ReadFile("callbacks/" + outcome + ".json")
	if err != nil {
		panic(err) // it is embedded
	}
	var one map[string]any
	if err := json.Unmarshal(body, &one); err != nil {
		panic(err) // it is embedded
	}
	one["id"], one["uniqueArgs"] = id, map[string]string{"contact_id": keyOf(person), "campaign": campaign}
	text, err := json.Marshal(one)
	if err != nil {
		panic(err) // it was read as JSON
	}
	return text
}

// receive stores callbacks as of a time.
func (h *history) receive(at time.Time, list []json.RawMessage) error {
	body, err := json.Marshal(list)
	if err != nil {
		return err
	}
	is, err := h.reader.Read(&provider.Request{Body: body})
	if err != nil {
		return err
	}
	for i := range is.Events {
		is.Events[i].ReceivedAt = hygiene.InstantOf(at)
	}
	return h.app.Store.Append(context.Background(), is.Events, is.Unreadable)
}

// Serve plays two months with an incident into a new temporary folder, and serves the
// console over them until ctx ends. Then the folder is removed. progress shows how many
// days are written, until done is called.
func Serve(ctx context.Context, o Options, progress func(noun string) (show func(int64), done func())) error {
	return serve(ctx, twoMonths, o, progress)
}

func serve(ctx context.Context, sc scenario, o Options, progress func(noun string) (show func(int64), done func())) (err error) {
	folder, err := os.MkdirTemp("", "winnow-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, configFile)
	if err := os.WriteFile(path, o.Config, 0o600); err != nil {
		return err
	}
	show, done := progress("day")
	err = writeHistory(ctx, sc, path, o.Now(), show)
	done()
	if ctx.Err() != nil {
		return nil // it was asked to stop
	}
	if err != nil {
		return err
	}
	d, err := newDemo(o, folder)
	if err != nil {
		return err
	}
	d.printf("winnow %s plays %d days of traffic with one incident, in %s\n\n  console:  http://%s/\n  password: %s\n\nEverything is removed when you stop it: Ctrl-C.\n",
		o.Version, sc.days, folder, d.daemon.AdminAddr(), d.adminToken)
	return d.daemon.Serve(ctx)
}
