package erasure

import (
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Tables says of each table whether it holds persons, and how they are erased from it. A
// table that is not here is not known to the eraser, which a test notices.
var Tables = map[string]string{
	// The log.
	"events":          "ReadLog finds the events of a person, and the bodies that name it, and both are erased in their places",
	"quarantine":      "the bodies that name a person are deleted",
	"quarantine_size": "",
	"probe":           "",

	"pruned":    "",
	"pieces":    "",
	"retention": "",
	"places":    "",
	"writers":   "",
	"pulled":    "",

	// The contacts, in the transaction that begins to forget one.
	"contacts":       "its row is deleted; notes of others that name it are erased",
	"near_keys":      "by the contact's ids",
	"numbers":        "the row of a number that nobody else has is deleted; what was noted by the person is erased from others",
	"former_numbers": "by the contact's ids",
	"unplaced":       "by the contact's ids",
	"retry_messages": "by the contact's ids",
	"names":          "by the contact's keys",
	"name_lists":     "by the contact's keys",
	"name_pins":      "by the contact's keys",
	"lists":          "by the contact's keys",
	"pins":           "by the contact's keys; notes of others that name it are erased",
	"ledger":         "entries stay, without whose they are; their notes are erased, and notes of others that name it",

	// The contacts, in steps.
	"messages":           "ScanMessages deletes those to the contact, or to a number that nobody else has",
	"unsourced_messages": "ScanMessages, too",
	"contact_conflicts":  "EraseRows, by both keys and by message",
	"merges":             "EraseRows, by both keys",
	"unmatched":          "EraseEventRows, with the event in the log",
	"matched":            "EraseEventRows, with the event in the log",
	"pending_outcomes":   "EraseEventRows, with the event in the log",
	"unregistered":       "EraseEventRows, with the event in the log",
	"batches":            "EraseNotes erases notes, and what was asked for, that name the person, or that are about it alone",
	"runs":               "EraseNotes erases errors that name the person",
	"deliveries":         "EraseNotes erases errors that name the person",

	// What stays of forgotten persons, and who may not be forgotten.
	"forgotten": "", "forgotten_messages": "", "forgotten_secret": "",
	"holds": "a contact that is held is not forgotten; notes of others that name it are erased",

	// What an erasure is known by until it is done.
	"erasures":      "deleted when nothing else is left",
	"erasure_texts": "deleted when nothing else is left",

	// No persons.
	"silent_messages": "", "silence_counted": "", "sources_seen": "", "source_gaps": "", "late_events": "",
	"unsourced_owner": "", "strikes": "", "breaker_trips": "", "breaker_counts": "", "status_counts": "", "status_days": "", "day_counts": "",
	"policies": "", "regret": "", "config_file": "", "jobs": "", "run_segments": "", "counters": "",
}

// ServerTables are the further tables of a store on a server, said of as in [Tables].
var ServerTables = map[string]string{
	"arrivals":     "empty once they have their places, which reading the log gives them; then as events and quarantine",
	"member_lists": "the lists with a member who is forgotten are written anew, see fileEraser of package app",
	"migrated":     "deleted when winnow migrate is done; before, nobody else may use the store",
	// No persons.
	"appenders": "", "settled": "", "log_end": "", "leases": "", "vacuumed": "", "written": "", "migration": "", "winnow_schema": "", "sweep_portions": "", "sweepers": "",
}

// notes are the columns where people write, and what they may have written about someone.
var notes = []struct{ table, column string }{
	{"batches", "note"}, {"batches", "about"}, {"pins", "note"}, {"holds", "note"}, {"name_pins", "note"}, {"runs", "error"}, {"runs", "held_reason"}, {"deliveries", "error"},
}

// EraseNotes erases notes that name somebody, and returns how many different ones.
func EraseNotes(w engine.Writer, n *Names) (erased int64, err error) {
	for _, of := range notes {
		texts, err := textsOf(w, "SELECT DISTINCT "+of.column+" FROM "+of.table+" WHERE "+of.column+" <> ''")
		if err != nil {
			return erased, err
		}
		for _, text := range texts {
			if !n.InText(text) {
				continue
			}
			erased++
			if err := w.Exec("UPDATE "+of.table+" SET "+of.column+" = '' WHERE "+of.column+" = ?", text); err != nil {
				return erased, err
			}
		}
	}
	return erased, nil
}

// ledgerStep is how many entries of the ledger are looked at in one transaction.
const ledgerStep = 50_000

// EraseLedgerNotes is EraseNotes for the entries of the ledger after that one, a step of
// them. It returns the last of them; 0 when there are no more.
func EraseLedgerNotes(w engine.Writer, n *Names, after int64) (last, erased int64, err error) {
	end, err := w.Number("SELECT max(id) FROM ledger")
	if err != nil || after >= end {
		return 0, 0, err
	}
	last = after + ledgerStep
	texts, err := textsOf(w, "SELECT DISTINCT note FROM ledger WHERE id > ? AND id <= ? AND note <> ''", after, last)
	for _, text := range texts {
		if err != nil {
			break
		}
		if n.InText(text) {
			erased++
			err = w.Exec("UPDATE ledger SET note = '' WHERE id > ? AND id <= ? AND note = ?", after, last, text)
		}
	}
	return last, erased, err
}

// ledgerOf is how many entries of a subject's ledger are read together.
const ledgerOf = 500

// EraseLedger erases the notes of a subject's entries, which are a chain from the latest
// back, and of batches that changed nobody else.
func EraseLedger(w engine.Writer, latest int64) (erased int64, err error) {
	for latest != 0 {
		var ids, batches []int64
		r := w.Query(`WITH RECURSIVE chain (id, prev, note, batch, n) AS (
				SELECT id, prev, note, batch, 1 FROM ledger WHERE id = ?
				UNION ALL SELECT l.id, l.prev, l.note, l.batch, c.n + 1 FROM chain c JOIN ledger l ON l.id = c.prev WHERE c.n < ?)
			SELECT id, prev, note, batch FROM chain`, latest, ledgerOf)
		latest = 0
		for r.Next() {
			latest = r.Int(1)
			if r.Text(2) != "" {
				ids = append(ids, r.Int(0))
			}
			if b := r.Int(3); b != 0 && !slices.Contains(batches, b) {
				batches = append(batches, b)
			}
		}
		if err := r.Close(); err != nil {
			return erased, err
		}
		erased += int64(len(ids))
		for _, id := range ids {
			if err := w.Exec("UPDATE ledger SET note = '' WHERE id = ?", id); err != nil {
				return erased, err
			}
		}
		for _, id := range batches {
			if err := w.Exec("UPDATE batches SET note = '' WHERE id = ? AND contacts <= 1 AND note <> ''", id); err != nil {
				return erased, err
			}
		}
	}
	return erased, nil
}

// EraseIDs deletes what is kept of a contact by its id, apart from its row.
func EraseIDs(w engine.Writer, id int64) error {
	for _, table := range []string{"near_keys", "former_numbers", "unplaced"} {
		if err := w.Exec("DELETE FROM "+table+" WHERE contact = ?", id); err != nil {
			return err
		}
	}
	return nil
}

// EraseRows deletes the conflicts and merges that name a contact or a message.
func EraseRows(w engine.Writer, n *Names) (erased int64, err error) {
	var ids []int64
	r := w.Query("SELECT id, source, message_id, contact, registered FROM contact_conflicts ORDER BY id")
	for r.Next() {
		if n.OfKey(r.Text(3))+n.OfKey(r.Text(4))+n.OfMessage(engine.MessageKey{Source: r.Text(1), ID: r.Text(2)}) != 0 {
			ids = append(ids, r.Int(0))
		}
	}
	if err := r.Close(); err != nil {
		return 0, err
	}
	for _, id := range ids {
		if err := w.Exec("DELETE FROM contact_conflicts WHERE id = ?", id); err != nil {
			return 0, err
		}
	}
	for _, key := range n.Keys() {
		if err := w.Exec("DELETE FROM merges WHERE old = ? OR new = ?", key, key); err != nil {
			return 0, err
		}
	}
	return int64(len(ids)), nil
}

// EraseEventRows deletes what waits for events that are erased.
func EraseEventRows(w engine.Writer, seqs []int64, m []engine.MessageKey) error {
	for i, seq := range seqs {
		if err := w.Exec("DELETE FROM unmatched WHERE message_id = ? AND seq = ?", m[i].ID, seq); err != nil {
			return err
		}
		if err := w.Exec("DELETE FROM unregistered WHERE message = ? AND seq = ?", int64(hygiene.MessageHash(m[i].Source, m[i].ID)), seq); err != nil {
			return err
		}
		for _, table := range []string{"matched", "pending_outcomes"} {
			if err := w.Exec("DELETE FROM "+table+" WHERE seq = ?", seq); err != nil {
				return err
			}
		}
	}
	return nil
}

// WaitingEvents are the events of a message that wait for its contact.
func WaitingEvents(c engine.Querier, m engine.MessageKey) (seqs []int64, err error) {
	r := c.Query("SELECT seq FROM unmatched WHERE message_id = ? AND source = ?", m.ID, m.Source)
	for r.Next() {
		seqs = append(seqs, r.Int(0))
	}
	return seqs, r.Close()
}

func textsOf(c engine.Querier, sql string, args ...any) (list []string, err error) {
	r := c.Query(sql, args...)
	for r.Next() {
		list = append(list, r.Text(0))
	}
	return list, r.Close()
}

func placeholders(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// WaitingOn are the messages whose events lie on a number alone.
func WaitingOn(c engine.Querier, phone string) (list []engine.MessageKey, err error) {
	r := c.Query("SELECT DISTINCT source, message_id FROM unmatched WHERE phone = ? AND phone <> ''", phone)
	for r.Next() {
		list = append(list, engine.MessageKey{Source: r.Text(0), ID: r.Text(1)})
	}
	return list, r.Close()
}
