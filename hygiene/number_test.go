package hygiene

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"
)

// neighbours are a few contacts and their numbers, kept as a store keeps them.
type neighbours struct {
	p        *Policy
	contacts []*Contact
	numbers  map[string]*Contact
	sendLog  map[uint64]Sending
}

// fact is something that becomes known, sooner or later.
type fact struct {
	text string
	// line is which facts keep their order among themselves; 0 for any order.
	line int
	at   Instant
	know func(*neighbours)
}

func newNeighbours(p *Policy, contacts int) *neighbours {
	n := &neighbours{p: p, numbers: map[string]*Contact{}, sendLog: map[uint64]Sending{}}
	for i := range contacts {
		n.contacts = append(n.contacts, &Contact{Key: fmt.Sprint("c", i)})
	}
	return n
}

// number makes the number a subject, to which all give.
func (n *neighbours) number(phone string) *Contact {
	if n.numbers[phone] == nil {
		n.numbers[phone] = &Contact{Key: NumberKey(phone)}
		for i := range n.contacts {
			n.give(i, phone, Moment{})
		}
	}
	return n.numbers[phone]
}

func (n *neighbours) give(i int, phone string, cause Moment) {
	if _, _, again := n.p.Give(n.numbers[phone], n.contacts[i], int64(i+1), cause); again {
		for other := range n.contacts {
			n.p.Give(n.numbers[phone], n.contacts[other], int64(other+1), cause)
		}
	}
}

// changed gives on what is new of the contact.
func (n *neighbours) changed(i int, cause Moment) {
	c := n.contacts[i]
	var all []*Contact
	for _, phone := range sortedKeys(n.numbers) {
		all = append(all, n.numbers[phone])
	}
	n.p.TakeWords(c, all, cause)
	for _, phone := range c.AllNumbers() {
		if n.p.MayOpenOn(c, phone) {
			n.number(phone)
		}
	}
	for _, phone := range sortedKeys(n.numbers) {
		n.give(i, phone, cause)
	}
	c.Given()
}

func sortedKeys(m map[string]*Contact) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	sort.Strings(list)
	return list
}

// text is all that is judged.
func (n *neighbours) text() string {
	var b strings.Builder
	write := func(c *Contact) {
		fmt.Fprintf(&b, "%q %s %+v\n", c.Key, c.Phone, c.Numbers)
		for _, s := range c.Suppressions {
			fmt.Fprintf(&b, "  %s %s since %v until %d rule %s evidence %v by %s renewed %v\n", s.Reason, s.Origin, s.Since, s.Until, s.Rule, s.Evidence, s.By, s.Renewal.At)
		}
		for _, t := range c.Tags {
			fmt.Fprintf(&b, "  tag %s %v\n", t.Name, t.Since)
		}
		if c.Retry != nil {
			fmt.Fprintf(&b, "  retry %v %d\n", c.Retry.Since, c.Retry.Attempt)
		}
	}
	for _, c := range n.contacts {
		write(c)
	}
	for _, phone := range sortedKeys(n.numbers) {
		if c := n.numbers[phone]; len(c.Suppressions) > 0 {
			write(c)
		}
	}
	return b.String()
}

// randomFacts are events, acts, numbers and lines of the send log of some contacts, each
// at a time of its own.
func randomFacts(r *rand.Rand, contacts, n int, phones []string) []fact {
	outcomes := []Outcome{Sent, Delivered, HardBounce, HardBounce, SoftBounce, Unsubscribed, Resubscribed, InvalidNumber, Opened}
	type message struct {
		id string
		of int
	}
	var messages []message
	var facts []fact
	add := func(at Instant, line int, text string, know func(*neighbours)) {
		facts = append(facts, fact{text: text, line: line, at: at, know: know})
	}
	at := start
	for k := range n {
		at = at.Add(time.Duration(1+r.IntN(30)) * time.Hour)
		i, m, phone := r.IntN(contacts), Moment{at, int64(k + 1)}, phones[r.IntN(len(phones))]
		switch r.IntN(12) {
		case 0, 1:
			add(m.At, i+1, fmt.Sprint("c", i, " has ", phone), func(n *neighbours) {
				c := n.contacts[i]
				if c.TakeNumber(phone, m.At) {
					n.p.Place(c, m)
				}
				n.changed(i, m)
			})
		case 2:
			if len(messages) == 0 {
				continue
			}
			msg := messages[r.IntN(len(messages))]
			sent, named := at.Add(-time.Duration(r.IntN(40))*time.Hour), phone
			if r.IntN(2) == 0 {
				named = ""
			}
			add(m.At, 100, fmt.Sprint("send log: ", msg, " at ", sent, " to ", named), func(n *neighbours) {
				c, hash := n.contacts[msg.of], MessageHash("a", msg.id)
				took := c.TakeSentNumber(named, sent)
				s := n.sendLog[hash]
				if !s.Sent {
					s.At, s.Sent = sent, true
				}
				if s.Phone == "" {
					s.Phone = named
				}
				n.sendLog[hash] = s
				if c.History.hasMessage(hash) && c.NoteSending(hash, s.At, s.Phone) || took {
					n.p.Place(c, m)
				}
				n.changed(msg.of, m)
			})
		case 3:
			reason := []string{"hard_bounce", OptedOut, "a", "manual"}[r.IntN(4)]
			add(m.At, 0, fmt.Sprint("c", i, " suppressed for ", reason), func(n *neighbours) {
				n.p.Instruct(n.contacts[i], Instruction{Moment: m, Kind: Suppress, Origin: ByOperator, Reason: reason, By: fmt.Sprint("op", m.Seq)})
				n.changed(i, m)
			})
		case 4:
			reason := []string{"", OptedOut, "hard_bounce"}[r.IntN(3)]
			add(m.At, 0, fmt.Sprint("c", i, " allowed ", reason), func(n *neighbours) {
				n.p.Instruct(n.contacts[i], Instruction{Moment: m, Kind: Allow, Reason: reason, By: "op"})
				n.changed(i, m)
			})
		case 5:
			kind := []InstructionKind{Suppress, Suppress, Allow}[r.IntN(3)]
			add(m.At, 0, fmt.Sprint(phone, " instructed ", kind), func(n *neighbours) {
				n.p.Instruct(n.number(phone), Instruction{Moment: m, Kind: kind, Origin: ByOperator, Reason: OptedOut, By: fmt.Sprint("op", m.Seq)})
				for i := range n.contacts {
					n.changed(i, m)
				}
			})
		default:
			e := Event{Seq: m.Seq, At: at, ReceivedAt: at, Source: "a", MessageID: fmt.Sprint("m", k), Outcome: outcomes[r.IntN(len(outcomes))]}
			if len(messages) > 0 && r.IntN(3) == 0 {
				last := messages[r.IntN(len(messages))]
				e.MessageID, i = last.id, last.of
			} else {
				messages = append(messages, message{e.MessageID, i})
			}
			if r.IntN(5) == 0 {
				e.To = phone
			}
			add(m.At, 0, fmt.Sprint("c", i, " ", e.Outcome, " of ", e.MessageID, " to ", e.To), func(n *neighbours) {
				e := e
				if s, ok := n.sendLog[MessageHash("a", e.MessageID)]; ok {
					e.SentAt, e.SentTo = s.At, s.Phone
				}
				n.p.Apply(n.contacts[i], &e)
				n.changed(i, m)
			})
		}
	}
	return facts
}

// shuffled is the facts in another order, in which those of one line keep theirs.
func shuffled(r *rand.Rand, facts []fact) []fact {
	list := slices.Clone(facts)
	r.Shuffle(len(list), func(a, b int) { list[a], list[b] = list[b], list[a] })
	for line := 1; line <= 100; line++ {
		var places []int
		var of []fact
		for i := range list {
			if list[i].line == line {
				places, of = append(places, i), append(of, list[i])
			}
		}
		slices.SortFunc(of, func(a, b fact) int { return int((a.at - b.at) / 1_000_000) })
		for k, i := range places {
			list[i] = of[k]
		}
	}
	return list
}

func numberPolicies() map[string]func(*rand.Rand) *Policy {
	list := policies()
	for name, policy := range list {
		list[name] = func(r *rand.Rand) *Policy {
			p := policy(r)
			p.UseNumbers([]string{"hard_bounce", "a", "both"})
			return p
		}
	}
	return list
}

func TestNumbersAreTheSameInWhicheverOrderThingsBecomeKnown(t *testing.T) {
	opened := 0
	for name, policy := range numberPolicies() {
		for seed := range uint64(*costlyLives * 10) {
			r := rand.New(rand.NewPCG(seed, 12))
			p := policy(r)
			facts := randomFacts(r, 2+r.IntN(2), 4+r.IntN(30), []string{"+901", "+902"}[:1+r.IntN(2)])
			var want string
			for order := range 4 {
				n := newNeighbours(p, 3)
				list := facts
				if order > 0 {
					list = shuffled(r, facts)
				}
				for _, f := range list {
					f.know(n)
				}
				if order == 0 {
					want = n.text()
					opened += strings.Count(want, "\\x01")
				} else if got := n.text(); got != want {
					t.Errorf("%s, seed %d:\n%s\nin order\n%s\nelse\n%s", name, seed, factsText(list), want, got)
					break
				}
				n.checkPacking(t)
			}
			if t.Failed() {
				t.FailNow()
			}
		}
	}
	if opened < 100 {
		t.Errorf("only %d numbers are suppressed: this tests little", opened)
	}
}

func (n *neighbours) checkPacking(t *testing.T) {
	t.Helper()
	all := slices.Clone(n.contacts)
	for _, c := range n.numbers {
		all = append(all, c)
	}
	for _, c := range all {
		packed := c.Pack(nil)
		d := &Contact{Key: c.Key, Phone: c.Phone}
		if err := d.Unpack(packed); err != nil || !bytes.Equal(packed, d.Pack(nil)) {
			t.Errorf("%s does not come back: %v", c.Key, err)
		}
	}
}

func factsText(list []fact) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "%s %s\n", f.at, f.text)
	}
	return b.String()
}

// twoNumbers is a contact with a number, whose rules are those of the example.
func twoNumbers(t *testing.T) (*neighbours, func(i int, day float64, o Outcome)) {
	t.Helper()
	p := examplePolicy()
	p.UseNumbers([]string{"hard_bounce"})
	n := newNeighbours(p, 3)
	seq := int64(0)
	return n, func(i int, day float64, o Outcome) {
		seq++
		at := start.Add(time.Duration(day * float64(Day)))
		p.Apply(n.contacts[i], &Event{Seq: seq, At: at, ReceivedAt: at, Source: "a", MessageID: fmt.Sprint("m", seq), Outcome: o})
		n.changed(i, Moment{at, seq})
	}
}

func (n *neighbours) takes(i int, day int, phone string) {
	at := start.Add(time.Duration(day) * Day)
	n.contacts[i].TakeNumber(phone, at)
	n.p.Place(n.contacts[i], Moment{at, 1000})
	n.changed(i, Moment{at, 1000})
}

// reasons is why the contact, or the number, is not to be texted.
func reasons(c *Contact) string {
	if c == nil {
		return "nobody"
	}
	return strings.Join(c.Reasons(start.Add(1000*Day)), " ")
}

func (n *neighbours) expect(t *testing.T, when string, want ...string) {
	t.Helper()
	var got []string
	for _, c := range n.contacts {
		got = append(got, reasons(c))
	}
	got = append(got, reasons(n.numbers["+901"]), reasons(n.numbers["+902"]))
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", when, got, want)
	}
}

func TestAFaultLiesOnTheNumberAndAWordOnBoth(t *testing.T) {
	n, happens := twoNumbers(t)
	happens(0, 1, HardBounce)
	n.expect(t, "a contact without a number is its own", "hard_bounce", "", "", "nobody", "nobody")
	n.takes(0, 5, "+901")
	n.expect(t, "its first number takes that over", "", "", "", "hard_bounce", "nobody")
	happens(0, 6, Unsubscribed)
	n.expect(t, "a word lies on both", "opted_out", "", "", "hard_bounce opted_out", "nobody")
	n.takes(0, 7, "+902")
	n.expect(t, "another number leaves the fault behind", "opted_out", "", "", "hard_bounce opted_out", "nobody")
	happens(0, 8, Unsubscribed)
	n.expect(t, "and gets the word that is said on it", "opted_out", "", "", "hard_bounce opted_out", "opted_out")
}

func TestAWordOfANumberIsOneOfWhoHadItThen(t *testing.T) {
	n, _ := twoNumbers(t)
	n.takes(0, 1, "+901")
	n.takes(1, 1, "+901")
	n.takes(1, 3, "+902")
	m := Moment{start.Add(5 * Day), 50}
	n.p.Instruct(n.number("+901"), Instruction{Moment: m, Kind: Suppress, Origin: ByOperator, Reason: OptedOut, By: "ann"})
	for i := range n.contacts {
		n.changed(i, m)
	}
	n.expect(t, "said of a number", "opted_out", "", "", "opted_out", "nobody")
	n.takes(0, 6, "+902")
	n.expect(t, "it goes with the contact", "opted_out", "", "", "opted_out", "nobody")
	later := Moment{start.Add(8 * Day), 80}
	n.p.Instruct(n.number("+901"), Instruction{Moment: later, Kind: Allow, Reason: OptedOut, By: "ann"})
	for i := range n.contacts {
		n.changed(i, later)
	}
	n.expect(t, "to allow the number does not lift it there", "opted_out", "", "", "", "nobody")
}

func TestToAllowAContactLiftsWhatItGaveAlone(t *testing.T) {
	n, happens := twoNumbers(t)
	n.takes(0, 1, "+901")
	n.takes(1, 1, "+901")
	happens(0, 2, HardBounce)
	happens(1, 3, HardBounce)
	allow := Moment{start.Add(5 * Day), 50}
	n.p.Instruct(n.contacts[0], Instruction{Moment: allow, Kind: Allow, By: "ann"})
	n.changed(0, allow)
	n.expect(t, "the other's evidence stands", "", "", "", "hard_bounce", "nobody")
	number := n.numbers["+901"]
	if giver := number.GiverOf(&number.Suppressions[0]); giver != 2 || number.Suppressions[0].Since.Seq != 2 {
		t.Errorf("it rests on contact %d: %+v", giver, number.Suppressions[0])
	}
	n.p.Instruct(n.contacts[1], Instruction{Moment: allow, Kind: Allow, By: "ann"})
	n.changed(1, allow)
	n.expect(t, "both were allowed", "", "", "", "", "nobody")
}

func TestANumberTakesOverWhatHadSettled(t *testing.T) {
	n, happens := twoNumbers(t)
	for day := range 40 {
		happens(0, float64(day), HardBounce)
	}
	n.takes(0, 50, "+901")
	n.expect(t, "after an overflow", "", "", "", "hard_bounce", "nobody")
	if since := n.numbers["+901"].Suppressions[0].Since; since.At != start {
		t.Errorf("it is suppressed since %s", since.At)
	}
	// Another contact's bounce of before is not too old to matter once those are gone.
	m := Moment{start.Add(60 * Day), 60}
	n.p.Instruct(n.contacts[0], Instruction{Moment: m, Kind: Allow, By: "ann"})
	n.changed(0, m)
	n.expect(t, "allowed", "", "", "", "", "nobody")
	happens(1, 1, HardBounce)
	n.takes(1, 70, "+901")
	n.expect(t, "another's earlier bounce", "", "", "", "hard_bounce", "nobody")
}

func TestAnEventOnANumberEndsTheRetryOfItsContact(t *testing.T) {
	n, happens := twoNumbers(t)
	n.takes(0, 0, "+901")
	happens(0, 1, SoftBounce)
	if n.contacts[0].Retry == nil {
		t.Fatal("no retry is set")
	}
	happens(0, 1.1, HardBounce)
	if n.contacts[0].Retry != nil {
		t.Error("the retry goes on")
	}
}
