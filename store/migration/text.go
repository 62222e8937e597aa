package migration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"winnow/store/engine"
)

// replacement is what stands for what PostgreSQL can't store in a text: U+0000, and bytes
// that are not UTF-8. Bodies are bytes, and stay as they are.
const replacement = "\uFFFD"

// identities are the columns that say which contact it is. A key that changed would be
// another contact, so nothing is replaced there.
var identities = []string{"contacts.key", "names.key", "lists.contact", "pins.contact", "holds.contact"}

// storable makes a row one that PostgreSQL can store, and returns how many of its texts it
// changed.
func storable(table *engine.Table, row engine.Row) (replaced int64, err error) {
	for i, value := range row {
		text, ok := value.(string)
		if !ok || utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
			continue
		}
		if slices.Contains(identities, table.Name+"."+table.Columns[i].Name) {
			return replaced, fmt.Errorf("the contact's key %q, in the table %s, can't be stored in PostgreSQL: it has U+0000, or is not UTF-8; join it with another contact by winnow merge --file, or erase it by winnow forget, and migrate again", text, table.Name)
		}
		row[i] = strings.ReplaceAll(strings.ToValidUTF8(text, replacement), "\x00", replacement)
		replaced++
	}
	return replaced, nil
}

// mayBeReplaced reports whether the key of a row may have got its place by a replacement.
func mayBeReplaced(table *engine.Table, row engine.Row) bool {
	return slices.ContainsFunc(table.Key, func(column int) bool {
		text, ok := row[column].(string)
		return ok && strings.Contains(text, replacement)
	})
}

// encodeKey writes the key of a row down. Texts are written as bytes, as they may be none
// that JSON can have.
func encodeKey(key engine.Row) ([]byte, error) {
	parts := make([]any, len(key))
	for i, value := range key {
		parts[i] = value
		if text, ok := value.(string); ok {
			parts[i] = []byte(text)
		}
	}
	return json.Marshal(parts)
}

// decodeKey reads what encodeKey wrote.
func decodeKey(table *engine.Table, encoded []byte) (engine.Row, error) {
	var parts []json.RawMessage
	err := json.Unmarshal(encoded, &parts)
	if err == nil && len(parts) != len(table.Key) {
		err = fmt.Errorf("%d values, not %d", len(parts), len(table.Key))
	}
	key := make(engine.Row, len(table.Key))
	for i := 0; i < len(key) && err == nil; i++ {
		var number int64
		var text []byte
		if kind := table.Columns[table.Key[i]].Kind; kind == engine.Whole {
			err = json.NewDecoder(bytes.NewReader(parts[i])).Decode(&number)
			key[i] = number
		} else if err = json.Unmarshal(parts[i], &text); kind == engine.Text {
			key[i] = string(text)
		} else {
			key[i] = text
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the place in the table %s where the migration goes on can't be read: %w", table.Name, err)
	}
	return key, nil
}
