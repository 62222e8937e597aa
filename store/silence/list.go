package silence

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/records"
)

// Message is a silent message.
type Message struct {
	Source  string
	ID      string
	SentAt  hygiene.Instant
	Contact string // the key; empty when not known
}

// finder is a pass under way.
type finder struct {
	engine  engine.Engine
	folder  string
	o       *Options
	runs    runs
	sources []string
	places  map[string]int // of sources, by name
	counts  map[Count]int64
	listed  records.Sorter // of the silent messages: time and place in the log
	found   Found
}

// maxSources is how many sources a record tells apart.
const maxSources = 1 << 15

// place is the place of a source; negative if there are too many.
func (f *finder) place(source string) int {
	i, known := f.places[source]
	if !known {
		if i = len(f.sources); i == maxSources {
			return -1
		}
		f.sources, f.places[source] = append(f.sources, source), i
	}
	return i
}

// isSilent reports whether a message without an answer is silent by now.
func (f *finder) isSilent(r record) bool {
	return r.at >= f.o.from() && f.o.Now.Sub(r.at) >= f.o.After
}

func (f *finder) count(r record) {
	if f.isSilent(r) {
		f.counts[Count{Source: f.sources[r.source], Day: r.at.Time().Unix() / int64(hygiene.Day/time.Second)}]++
		f.found.Messages++
	}
}

func (f *finder) sortedCounts() (list []Count) {
	for of, n := range f.counts {
		of.Messages = n
		list = append(list, of)
	}
	slices.SortFunc(list, func(a, b Count) int { return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Day, b.Day)) })
	return list
}

// list keeps a silent message until all are known.
func (f *finder) list(r record) error {
	if !f.isSilent(r) {
		return nil
	}
	return f.listed.Add(fmt.Sprintf("%020d", r.at), fmt.Sprintf("%020d", r.seq))
}

// listStep is how many messages are read together.
const listStep = 2048

// visitListed reads the silent messages in the order of their sending.
func (f *finder) visitListed(ctx context.Context, visit func(*Message) error) error {
	var seqs []int64
	pass := func() error {
		err := f.readMessages(seqs, visit)
		seqs = seqs[:0]
		return cmp.Or(err, ctx.Err())
	}
	err := f.listed.Each(func(record []string) error {
		seq, err := strconv.ParseInt(record[1], 10, 64)
		if err != nil {
			return err
		}
		if seqs = append(seqs, seq); len(seqs) < listStep {
			return nil
		}
		return pass()
	})
	if err != nil {
		return err
	}
	return pass()
}

// readMessages reads the messages of some events. The contact of one without is that of
// the send log.
func (f *finder) readMessages(seqs []int64, visit func(*Message) error) error {
	messages := make([]*Message, len(seqs))
	err := f.engine.ReadLog(func(l engine.LogReader) error {
		return l.Events(seqs, false, func(i int, e *hygiene.Event) error {
			messages[i] = &Message{Source: e.Source, ID: e.MessageID, SentAt: e.At, Contact: e.Contact}
			return nil
		})
	})
	if err != nil {
		return err
	}
	messages = slices.DeleteFunc(messages, func(m *Message) bool { return m == nil }) // forgotten meanwhile
	if err := f.findContacts(messages); err != nil {
		return err
	}
	for _, m := range messages {
		if err := visit(m); err != nil {
			return err
		}
	}
	return nil
}

func (f *finder) findContacts(messages []*Message) error {
	unknown := slices.DeleteFunc(slices.Clone(messages), func(m *Message) bool { return m.Contact != "" })
	key := func(m *Message) engine.MessageKey { return engine.MessageKey{Source: m.Source, ID: m.ID} }
	slices.SortFunc(unknown, func(a, b *Message) int { return key(a).Compare(key(b)) })
	keys := make([]engine.MessageKey, len(unknown))
	for i, m := range unknown {
		keys[i] = key(m)
	}
	if len(keys) == 0 {
		return nil
	}
	return f.engine.Read(func(c engine.Reader) error {
		return c.FindMessages(keys, func(i int, m *engine.Message) { unknown[i].Contact = m.Contact })
	})
}
