package lint

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/yamldoc"
	"winnow/segments"
)

// dice draws what configs and contacts may be made of: few words, so that they
// often meet.
type dice struct{ *rand.Rand }

func (d dice) of(words ...string) string { return words[d.IntN(len(words))] }

func (d dice) outcome() string {
	return d.of("sent", "delivered", "soft_bounce", "hard_bounce", "unsubscribed")
}

func (d dice) outcomes() string {
	if d.IntN(2) == 0 {
		return d.outcome()
	}
	return "[" + d.outcome() + ", " + d.outcome() + "]"
}

// counting is what is counted; a rule's may be apart.
func (d dice) counting(apart bool) string {
	text := "outcome: " + d.outcomes()
	some := func(share int, key string, values ...string) {
		if d.IntN(share) == 0 {
			text += ", " + key + ": " + d.of(values...)
		}
	}
	some(2, "count", "1", "2", "3")
	some(2, "within", "1d", "2d", "5d")
	some(3, "since", d.outcomes())
	some(4, "codes", "[1404]", "[1400, 1404]", "[77]")
	some(5, "source", "insider")
	if apart {
		some(3, "apart", "12h", "1d", "2d")
	}
	return text
}

var drawnValues = []string{"TR", "DE", "18", `"18"`, "18.0", "20", `"20"`, "2026-01-02", `"2026-01-02T00:00:00Z"`, "2026-03-01", "true", "TRABZON"}

func (d dice) comparison() string {
	size := d.of("18", "18.0", "20", "2026-01-02", `"2026-01-02T00:00:00Z"`, "2026-03-01")
	date := d.of("2026-01-02", `"2026-01-02T00:00:00Z"`, "2026-03-01")
	return d.of("is: "+d.of(drawnValues...), "in: ["+d.of(drawnValues...)+", "+d.of(drawnValues...)+"]",
		"contains: "+d.of("T", "R", "18", `"2026"`), "starts_with: "+d.of("T", "TR", "D", "18", `"2026-01"`),
		"at_least: "+size, "at_most: "+size, "before: "+date, "after: "+date, "exists: "+d.of("true", "false"))
}

// condition is a condition of a rule, or with all the tests of a segment's.
func (d dice) condition(deep int, all bool) string {
	if deep > 0 && d.IntN(3) > 0 {
		switch d.IntN(4) {
		case 0:
			return "{not: " + d.condition(deep-1, all) + "}"
		case 1:
			return "{any: [" + d.condition(deep-1, all) + ", " + d.condition(deep-1, all) + "]}"
		default:
			return "{all: [" + d.condition(deep-1, all) + ", " + d.condition(deep-1, all) + "]}"
		}
	}
	kinds := 4
	if all {
		kinds = 9
	}
	switch d.IntN(kinds) {
	case 0:
		return "{" + d.counting(false) + "}"
	case 1:
		return "{attribute: a, " + d.comparison() + "}"
	case 2:
		return "{contact: {" + d.comparison() + "}}"
	case 3:
		return "{" + d.of("first_seen", "last_seen") + ": {" + d.of("within", "older_than") + ": " + d.of("1d", "2d", "5d") + "}}"
	case 4, 5:
		return "{status: " + d.of("active", "cooling", "retry", "suppressed", "[active, retry]", "[cooling, suppressed]") + "}"
	case 6:
		return "{reason: " + d.of("hard_bounce", "soft_bounce", "[hard_bounce, soft_bounce]") + "}"
	case 7:
		return d.of("{tag: t}", "{list: l}")
	default:
		return "{segment: s0}"
	}
}

func (d dice) then() string {
	switch d.IntN(5) {
	case 0, 1:
		return "{suppress: {reason: " + d.of("hard_bounce", "soft_bounce") + d.of("", ", for: 1d", ", for: 3d") + "}}"
	case 2, 3:
		return "{retry: {after: [" + d.of("1h", "1d, 2d") + "]}}"
	default:
		return d.of("{release: {reasons: [soft_bounce]}}", "{tag: t}", "{untag: t}", "{suppress: {reason: soft_bounce}, retry: {after: [1h]}}")
	}
}

const drawnSource = `
sources: [{name: insider, preset: insider, tokens: [insider-token-0123456789]}]
contacts: {key: %s}
hygiene:
  rules:
    - {name: tags, when: {outcome: clicked}, then: {tag: t}}
`

// rules is a config of rules alone.
func (d dice) rules() string {
	text := fmt.Sprintf(drawnSource, "text, number_reasons: []")
	for i := range 1 + d.IntN(4) {
		where := ""
		if d.IntN(4) == 0 {
			where = ", where: " + d.condition(2, false)
		}
		text += fmt.Sprintf("    - {name: r%d, when: {%s}%s, then: %s}\n", i, d.counting(true), where, d.then())
	}
	return text
}

// asked is a config of segments; one asks for another.
func (d dice) asked() string {
	text := fmt.Sprintf(drawnSource, d.of("text", "phone"))
	if d.IntN(2) == 0 {
		text += "    - {name: retries, when: {outcome: soft_bounce}, then: {retry: {after: [1d]}}}\n"
	}
	text += "segments:\n"
	for i := range 4 {
		where := d.condition(3, i > 0)
		text += fmt.Sprintf("  - {name: s%d, suppressed: %s, where: %s}\n", i, d.of("exclude", "include", "only", "{except: [soft_bounce]}", "{except: [hard_bounce, soft_bounce]}"), where)
	}
	return text
}

var lawNow = hygiene.InstantOf(time.Date(2026, time.March, 10, 0, 0, 0, 0, time.UTC))

// events is the events of a few days up to now.
func (d dice) events() []hygiene.Event {
	var list []hygiene.Event
	for i := range d.IntN(8) {
		o, err := hygiene.ParseOutcome(d.outcome())
		if err != nil {
			panic(err)
		}
		list = append(list, hygiene.Event{
			Seq: int64(i + 1), At: lawNow.Add(-time.Duration(d.IntN(14)) * 12 * time.Hour), Source: "insider", Outcome: o,
			MessageID: fmt.Sprint(i), Code: map[hygiene.Outcome]string{hygiene.SoftBounce: "1404", hygiene.HardBounce: "1400"}[o],
		})
	}
	slices.SortStableFunc(list, func(a, b hygiene.Event) int { return cmp.Compare(a.At, b.At) })
	for i := range list {
		list[i].Seq = int64(i + 1)
	}
	return list
}

// contact is a contact with events, as far as segments test it.
func (d dice) contact(phone, retries bool) *hygiene.Contact {
	c := &hygiene.Contact{Key: d.of("TR", "18", "20", "2026-01-02", "true", "TRABZON")}
	if phone {
		c.Key = d.of("+905550000001", "+4915110000001")
	}
	for _, e := range d.events() {
		c.History.Add(&e)
	}
	if d.IntN(4) > 0 {
		text := strings.Trim(d.of(drawnValues...), `"`)
		v := hygiene.ParseValue(text)
		if d.IntN(3) == 0 {
			v.Type = hygiene.Text // as an API writes it that sends texts only
		}
		c.Attributes = c.Attributes.With("a", v)
	}
	if d.IntN(2) == 0 {
		c.Suppressions = []hygiene.Suppression{{Reason: d.of("hard_bounce", "soft_bounce"), Since: hygiene.Moment{At: lawNow - 5}}}
		if d.IntN(3) == 0 {
			c.Suppressions = append(c.Suppressions, hygiene.Suppression{Reason: "dormant", Since: hygiene.Moment{At: lawNow - 4}})
		}
	}
	if retries && d.IntN(2) == 0 {
		due := lawNow.Add(time.Duration(d.IntN(3)-1) * time.Hour)
		c.Retry = &hygiene.Retry{Since: hygiene.Moment{At: lawNow - 5}, DueAt: due, LapsesAt: due.Add(hygiene.Day)}
	}
	if d.IntN(2) == 0 {
		c.Tags = []hygiene.Tag{{Name: "t"}}
	}
	return c
}

// someLists has the same contacts on every list.
type someLists struct{ keys map[string]bool }

func (l someLists) InList(_, key string) (bool, error) { return l.keys[key], nil }

func (someLists) PinsOf(string) ([]segments.Pin, error) { return nil, nil }

func TestNoContactMatchesASegmentThatAWarningCallsEmpty(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(1, 2))}
	warned, matched := 0, 0
	for range 600 {
		text := d.asked()
		c, warnings := check(t, text)
		empty := map[string]*yamldoc.Problem{}
		for i, w := range warnings {
			if strings.Contains(w.Text, "no contact matches") {
				empty[strings.Fields(w.Path)[0]] = &warnings[i]
			}
		}
		warned += len(empty)
		retries := slices.ContainsFunc(c.Policy.Rules, func(r hygiene.Rule) bool { return r.Then.Retry != nil })
		for range 40 {
			who := d.contact(c.Keys.Phone, retries)
			m := segments.NewMembership(c.Segments, someLists{map[string]bool{who.Key: d.IntN(2) == 0}}, lawNow)
			m.Reset(who)
			for i, s := range c.Segments {
				in, err := m.In(s.Name)
				if err != nil {
					t.Fatal(err)
				}
				if in {
					matched++
				}
				if w := empty[fmt.Sprintf("segments[%d]", i)]; in && w != nil {
					t.Fatalf("%s\n%s\nbut %+v is in it", text, w, who)
				}
			}
		}
	}
	if warned < 200 || matched < 5000 {
		t.Errorf("only %d warnings and %d matches: the law was not tried enough", warned, matched)
	}
}

// acts is what a policy does on events, as people would describe it.
func acts(p *hygiene.Policy, events []hygiene.Event, attributes hygiene.Attributes) []hygiene.Change {
	c := &hygiene.Contact{Key: "k", Attributes: attributes}
	var all []hygiene.Change
	for i := range events {
		changes, _ := p.Apply(c, &events[i])
		all = append(all, slices.DeleteFunc(changes, func(ch hygiene.Change) bool {
			return ch.Act == hygiene.RetrySet && c.Retry == nil // a later rule suppressed on the same event
		})...)
	}
	return all
}

func TestRulesDoNotDoWhatAWarningSaysTheyNeverDo(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(3, 4))}
	warned, acted := 0, 0
	for range 1000 {
		text := d.rules()
		c, warnings := check(t, text)
		for range 12 {
			events := d.events()
			attributes := d.contact(false, false).Attributes
			did := acts(c.Policy, events, attributes)
			acted += len(did)
			for _, w := range warnings {
				warned++
				refuted := slices.ContainsFunc(did, func(ch hygiene.Change) bool {
					mine := strings.Contains(w.Path, `"`+ch.Rule+`"`)
					never := strings.Contains(w.Text, "never acts") || strings.Contains(w.Text, "no event triggers")
					return mine && (never || strings.Contains(w.Text, "retry never happens") && ch.Act == hygiene.RetrySet)
				})
				if refuted {
					t.Fatalf("%s\n%s\nbut in %+v it did %+v", text, w.String(), events, did)
				}
			}
		}
	}
	if warned < 3000 || acted < 5000 {
		t.Errorf("only %d warnings and %d changes: the law was not tried enough", warned, acted)
	}
}

func TestAKeyWithoutEffectCanBeRemoved(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(5, 6))}
	tried := 0
	for range 600 {
		c, warnings := check(t, d.rules())
		for _, w := range warnings {
			key, ok := strings.CutSuffix(w.Text, " has no effect: without count, one event is enough")
			if !ok {
				continue
			}
			tried++
			rules := slices.Clone(c.Policy.Rules)
			for i := range rules {
				if strings.Contains(w.Path, `"`+rules[i].Name+`"`) {
					when := *rules[i].When
					switch key {
					case `"within"`:
						when.Within = 0
					case `"since"`:
						when.Since = 0
					default:
						when.Apart = 0
					}
					rules[i].When = &when
				}
			}
			without := hygiene.NewPolicy(rules, c.Hash)
			for range 10 {
				events := d.events()
				if a, b := fmt.Sprint(acts(c.Policy, events, nil)), fmt.Sprint(acts(without, events, nil)); a != b {
					t.Fatalf("%s\nbut of %+v becomes\n%s\nand without it\n%s", w.String(), events, a, b)
				}
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d warnings: the law was not tried enough", tried)
	}
}

// In a condition of 8,000 alternatives and 8,000 tests, comparing each with each
// would take minutes.
func TestAHugeConditionIsCheckedInTime(t *testing.T) {
	var one, none []string
	for i := range 8000 {
		one = append(one, fmt.Sprintf("{contact: {is: k%d}}", i))
		none = append(none, fmt.Sprintf("{not: {contact: {is: n%d}}}", i))
	}
	began := time.Now()
	_, warnings := check(t, "segments:\n  - {name: a, where: {all: [{any: ["+strings.Join(one, ", ")+"]}, "+strings.Join(none, ", ")+"]}}\n")
	if took := time.Since(began); took > 20*time.Second || len(warnings) > 0 {
		t.Errorf("it took %s, and has %d warnings", took, len(warnings))
	}
}

func TestBeyondItsLimitTheSolverTakesEverythingForPossible(t *testing.T) {
	for tests, warned := range map[int]int{900: 1, 1100: 0} {
		list := []string{"{contact: {is: a}}", "{not: {contact: {is: a}}}"}
		for i := range tests - len(list) {
			list = append(list, fmt.Sprintf("{not: {contact: {is: n%d}}}", i))
		}
		_, warnings := check(t, "segments:\n  - {name: a, where: {all: ["+strings.Join(list, ", ")+"]}}\n")
		if len(warnings) != warned {
			t.Errorf("an impossible condition of %d tests has %d warnings, expected %d", tests, len(warnings), warned)
		}
	}
}
