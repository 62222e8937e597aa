package erasure

import (
	"cmp"

	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// LogStep is what of a step of the log is to be erased.
type LogStep struct {
	Last     int64 // place of the last event that was read; 0 for none
	Read     int64 // events
	Erase    []engine.Erasure
	Seqs     []int64             // of the events that are erased as a whole
	Messages []engine.MessageKey // of these
	Whose    []int64
	Bodies   int64 // of other events
}

// The bounds of a step: nobody else waits for it.
const (
	logStepEvents = 4_000
	logStepBytes  = 4 << 20
)

// ReadLog reads the events after that place, up to the other and a step of them at most, and
// finds those of a person, and those whose bodies name one. The event of a person is one
// with the person's contact; without a contact it is one about the person's message, or
// whose body names the person.
func (n *Names) ReadLog(l engine.LogReader, after, until int64) (s LogStep, err error) {
	r := l.Query("SELECT seq, source, message_id, contact, event, code, body, phone FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", after, until, logStepEvents)
	for bytes := 0; bytes < logStepBytes && r.Next(); {
		s.Last = r.Int(0)
		s.Read++
		source, id, contact, event, code, body := r.Text(1), r.Text(2), r.Text(3), r.Text(4), r.Text(5), r.Blob(6)
		bytes += len(body) + len(id) + len(contact)
		if id == "" {
			continue // erased
		}
		m := engine.MessageKey{Source: source, ID: contactkey.MessageID(id)}
		whose := n.keys[contact]
		if contact == "" {
			whose = n.messages[m]
		}
		named := whose == 0 && (n.phones[r.Text(7)] != 0 || n.InBody(body, event, code))
		if named && contact == "" {
			whose = n.whose()
		}
		if whose == 0 && !named {
			continue
		}
		s.Erase = append(s.Erase, engine.Erasure{Seq: s.Last, Whole: whose != 0, Words: n.InText(event) || n.InText(code), Bytes: len(body)})
		if whose == 0 {
			s.Bodies++
			continue
		}
		s.Seqs, s.Messages, s.Whose = append(s.Seqs, s.Last), append(s.Messages, m), append(s.Whose, whose)
	}
	return s, r.Close()
}

// whose is one of the persons, for what names some one of them.
func (n *Names) whose() (whose int64) {
	for _, id := range n.keys {
		whose = max(whose, id)
	}
	for _, id := range n.phones {
		whose = cmp.Or(whose, id)
	}
	return whose
}
