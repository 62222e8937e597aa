package messages

import (
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// Missing lists those of the events that name their contact and whose message the send log
// does not have. It is asked before [View.Identify].
func (v *View) Missing(events []hygiene.Event) []*hygiene.Event {
	found := make([]bool, len(events))
	for i := range v.found {
		found[v.found[i].event] = true
	}
	var list []*hygiene.Event
	for i := range events {
		if e := &events[i]; e.Contact != "" && !found[i] {
			list = append(list, e)
		}
	}
	return list
}

func hashOf(source, id string) int64 {
	return int64(hygiene.MessageHash(source, contactkey.MessageID(id)))
}

// InsertUnregistered stores which events were swept before their message was registered.
func InsertUnregistered(c engine.Writer, events []*hygiene.Event) error {
	for _, e := range events {
		if err := c.Exec("INSERT INTO unregistered (message, seq) VALUES (?, ?) ON CONFLICT DO NOTHING", hashOf(e.Source, e.MessageID), e.Seq); err != nil {
			return err
		}
	}
	return nil
}

// lookedUp is how many messages one statement looks up.
const lookedUp = 64

var findUnregistered = "SELECT seq FROM unregistered WHERE message IN (?" + strings.Repeat(", ?", lookedUp-1) + ")"

// Unregistered reads the places in the log of such events of some messages.
func Unregistered(c engine.Querier, keys []engine.MessageKey) (seqs []int64, err error) {
	if some, err := c.Number("SELECT EXISTS (SELECT 1 FROM unregistered)"); err != nil || some == 0 {
		return nil, err
	}
	hashes := make([]int64, len(keys))
	for i, key := range keys {
		hashes[i] = hashOf(key.Source, key.ID)
	}
	slices.Sort(hashes)
	args := make([]any, lookedUp)
	for chunk := range slices.Chunk(hashes, lookedUp) {
		clear(args)
		for i, hash := range chunk {
			args[i] = hash
		}
		r := c.Query(findUnregistered, args...)
		for r.Next() {
			seqs = append(seqs, r.Int(0))
		}
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
	return seqs, nil
}

// TrimUnregistered deletes such events up to that place in the log.
func TrimUnregistered(c engine.Writer, upTo int64) error {
	return c.Exec("DELETE FROM unregistered WHERE seq <= ?", upTo)
}
