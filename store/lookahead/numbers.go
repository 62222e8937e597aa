package lookahead

import (
	"errors"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/store/engine"
)

// NumberColumns are those of the table of numbers that [ScanNumber] reads.
const NumberColumns = "id, phone, ledger, facts"

// ScanNumber reads a row of NumberColumns.
func ScanNumber(r engine.Rows) engine.Contact {
	return engine.Contact{ID: -r.Int(0), Key: hygiene.NumberKey(r.Text(1)), Ledger: r.Int(2), Facts: r.Blob(3)}
}

func phoneOf(number *engine.Contact) string { return hygiene.NumberIn(number.Key) }

// AtOnce is how many numbers one statement looks up.
const AtOnce = 64

var placeholders = strings.TrimSuffix(strings.Repeat("?, ", AtOnce), ", ")

var findManyNumbers = "SELECT " + NumberColumns + " FROM numbers WHERE phone IN (" + placeholders + ")"

// HasNumbers reports whether any number has a row.
func HasNumbers(c engine.Querier) (bool, error) {
	n, err := c.Number("SELECT EXISTS (SELECT 1 FROM numbers)")
	return n == 1, err
}

// FindNumbers calls found for each of the phone numbers, sorted best, that has a row.
func FindNumbers(c engine.Querier, phones []string, found func(stored *engine.Contact) error) error {
	if w, ok := c.(*Writer); ok && w.kept != nil && len(phones) == 1 {
		if stored, known := w.kept.numbers[phones[0]]; known {
			return pass(stored, func(_ int, stored *engine.Contact) error { return found(stored) })
		}
	}
	args := make([]any, AtOnce)
	for chunk := range slices.Chunk(phones, AtOnce) {
		sql, asked := findManyNumbers, args
		if len(chunk) == 1 {
			sql, asked = "SELECT "+NumberColumns+" FROM numbers WHERE phone = ?", args[:1]
		}
		clear(args)
		for i, phone := range chunk {
			args[i] = phone
		}
		r := c.Query(sql, asked...)
		var err error
		for err == nil && r.Next() {
			stored := ScanNumber(r)
			err = found(&stored)
		}
		if err = errors.Join(err, r.Close()); err != nil {
			return err
		}
	}
	return nil
}
