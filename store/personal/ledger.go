package personal

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"winnow/hygiene"
	"winnow/store/engine"
)

// LedgerEntry is a change in the ledger.
type LedgerEntry struct {
	hygiene.Change
	ID     int64
	Policy string // hash of the policy in force; "" for none
	Batch  int64  // the manual change that it is part of; 0 for none
}

// Entry reads an entry of the ledger, and the id of the one before it in its chain; 0 for
// none.
func Entry(c engine.Querier, id int64) (e LedgerEntry, prev int64, err error) {
	r := c.Query(`SELECT prev, at, seq, act, reason, origin, until, attempt, rule, evidence, by, note, coalesce(p.hash, ''), batch, held_by
		FROM ledger l LEFT JOIN policies p ON p.id = l.policy WHERE l.id = ?`, id)
	if r.Next() {
		e = LedgerEntry{ID: id, Policy: r.Text(12), Batch: r.Int(13), Change: hygiene.Change{
			At: hygiene.Instant(r.Int(1)), Seq: r.Int(2), Act: hygiene.Act(r.Text(3)), Reason: r.Text(4), Origin: hygiene.ParseOrigin(r.Text(5)),
			Until: hygiene.Instant(r.Int(6)), Attempt: int(r.Int(7)), Rule: r.Text(8), By: r.Text(10), Note: r.Text(11), Held: r.Int(14)}}
		for text := range strings.SplitSeq(r.Text(9), ",") {
			if seq, err := strconv.ParseInt(text, 10, 64); err == nil {
				e.Evidence = append(e.Evidence, seq)
			}
		}
		prev = r.Int(0)
	}
	return e, prev, r.Close()
}

// NextEntries reads the next entries of chains together, the latest first, at most so many.
// The chains then begin after them.
func NextEntries(c engine.Querier, chains []int64, most int) (entries []LedgerEntry, err error) {
	for err == nil && len(entries) < most {
		slices.Sort(chains)
		latest := len(chains) - 1
		if chains[latest] == 0 {
			return entries, nil
		}
		var e LedgerEntry
		if e, chains[latest], err = Entry(c, chains[latest]); err == nil {
			entries = append(entries, e)
		}
	}
	return entries, err
}

// entriesAtOnce is how many entries of the ledger are read as of one moment.
const entriesAtOnce = 1_000

// EachEntry visits the entries of chains together, the latest first.
func EachEntry(ctx context.Context, read Read, chains []int64, visit func(*LedgerEntry) error) error {
	for {
		var entries []LedgerEntry
		err := read(func(c engine.Reader) (err error) {
			entries, err = NextEntries(c, chains, entriesAtOnce)
			return err
		})
		if err != nil || len(entries) == 0 {
			return err
		}
		for i := range entries {
			if err := visit(&entries[i]); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
