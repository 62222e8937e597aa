package csvlist

import (
	"bytes"
	"slices"
)

// The bounds of the search for the end of a broken field.
const (
	salvageBytes = 64 << 10
	salvageTries = 256
)

// salvage finds the fields of a line that is not a record, and which of them are certain.
//
// Fields to the left of what is wrong are certain. A broken quote breaks its own field;
// those to its right are certain too when there is one way only to give each of them its
// column. With too many or too few fields, nothing shows which of them is wrong: only the
// first one is certain, unless those too many are empty.
func (l *Reader) salvage(r *Record) {
	at, err := l.split(r.Raw)
	if err != nil {
		r.Certain = len(l.Fields)
		l.salvageAround(r, at)
		return
	}
	n := len(l.Fields)
	for n > l.Columns && len(bytes.TrimSpace(unquote(l.Fields[n-1]))) == 0 {
		n--
	}
	l.Fields = l.Fields[:n]
	r.Certain = min(n, 1)
	if n == l.Columns {
		r.Certain, r.Err = n, checkText(r.Raw)
	}
}

// salvageAround finds the fields after the broken one, which begins at that place of the
// line.
func (l *Reader) salvageAround(r *Record, at int) {
	broken := len(l.Fields)
	right := l.Columns - broken - 1
	if right < 0 || len(r.Raw) > salvageBytes {
		return
	}
	if right == 0 {
		l.Fields = append(l.Fields, TrimLineEnd(r.Raw[at:]))
		r.Certain, r.Broken = l.Columns, broken
		return
	}
	end, found := 0, [][]byte(nil)
	rest := Reader{delimiter: l.delimiter, lineEnd: l.lineEnd}
	for i, tries := at, 0; tries < salvageTries; tries++ {
		next := bytes.IndexByte(r.Raw[i:], l.delimiter)
		if next < 0 {
			break
		}
		i += next + 1
		if _, err := rest.split(r.Raw[i:]); err != nil || len(rest.Fields) != right {
			continue
		}
		if found != nil {
			return // there are two ways
		}
		end, found = i-1, slices.Clone(rest.Fields)
	}
	if found == nil {
		return
	}
	l.Fields = append(append(l.Fields, r.Raw[at:end]), found...)
	r.Certain, r.Broken = l.Columns, broken
}
