package parquetfile

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

var columns = []Column{{"phone", Text}, {"contact", Text}, {"at", Time}, {"day", Date}, {"attributes.n", Integer}, {"tags", List}}

// written is a table of n rows, without one of them.
func written(t *testing.T, n, without int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b, columns)
	for i := range n {
		if i == without {
			continue
		}
		w.Text(fmt.Sprintf("+9055%07d", i))
		w.Text(fmt.Sprintf("00%d", i))
		if i%5 == 0 {
			w.Null()
			w.Null()
			w.Null()
			w.Null()
		} else {
			w.Integer(1_800_000_000_000_001)
			w.Integer(int64(-i))
			w.Integer(int64(i % 3))
			w.List(strings.Fields(strings.Repeat("a b ", i%3)))
		}
		if err := w.EndRow(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestARowReadsAsItWasWritten(t *testing.T) {
	text := written(t, 7, -1)
	f, err := parquet.OpenFile(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range f.Schema().Fields() {
		names = append(names, c.Name())
	}
	if want := []string{"phone", "contact", "at", "day", "attributes.n", "tags"}; !slices.Equal(names, want) {
		t.Errorf("the columns are %q, want %q", names, want)
	}
	rows := make([]parquet.Row, 7)
	from := f.RowGroups()[0].Rows()
	if n, err := from.ReadRows(rows); n != 7 || err != nil && err != io.EOF {
		t.Fatal(n, err)
	}
	if got, want := fmt.Sprintf("%v", rows[0]), "[+90550000000 000 <null> <null> <null> <null>]"; got != want {
		t.Errorf("the first row is %s, want %s", got, want)
	}
	if got, want := fmt.Sprintf("%v", rows[2]), "[+90550000002 002 1800000000000001 -2 2 a b a b]"; got != want {
		t.Errorf("the third row is %s, want %s", got, want)
	}
	if got := rows[3][5]; !got.IsNull() || got.DefinitionLevel() != 1 {
		t.Errorf("an empty list is written as %+v", got)
	}
}

func TestACopyIsAsIfTheRowHadNotBeen(t *testing.T) {
	const n = 70_000 // more than a row group
	for _, gone := range []int{0, 5, 65_535, 65_536, n - 1} {
		text, want := written(t, n, -1), written(t, n, gone)
		var copied bytes.Buffer
		rows, err := Copy(&copied, bytes.NewReader(text), int64(len(text)), func(cells []string) bool { return cells[1] == fmt.Sprint("00", gone) })
		if err != nil || rows != n-1 || !bytes.Equal(copied.Bytes(), want) {
			t.Errorf("without row %d it has %d rows in %d bytes, want %d: %v", gone, rows, copied.Len(), len(want), err)
		}
	}
}

func TestATableWithoutRowsHasItsColumns(t *testing.T) {
	text := written(t, 0, -1)
	var copied bytes.Buffer
	if rows, err := Copy(&copied, bytes.NewReader(text), int64(len(text)), nil); err != nil || rows != 0 || !bytes.Equal(copied.Bytes(), text) {
		t.Errorf("copied are %d rows, %v", rows, err)
	}
}

func TestWhatIsNotOfThisPackageIsNotCopied(t *testing.T) {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[struct{ N float64 }](&b)
	if _, err := w.Write([]struct{ N float64 }{{1}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{b.Bytes(), b.Bytes()[:b.Len()-5], nil} {
		if _, err := Copy(io.Discard, bytes.NewReader(text), int64(len(text)), nil); err == nil {
			t.Errorf("%q was copied", text)
		}
	}
}

// longest is how much a writer got in one write.
type longest int

func (l *longest) Write(b []byte) (int, error) {
	*l = max(*l, longest(len(b)))
	return len(b), nil
}

// Long texts end a row group early: what is gathered does not grow with them.
func TestARowGroupEndsBeforeItIsLarge(t *testing.T) {
	var most longest
	w := NewWriter(&most, columns[:1])
	for i := range 20_000 {
		w.Text(strings.Repeat(string(rune('a'+i%26)), 8<<10))
		if err := w.EndRow(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	groups := w.to.File().RowGroups()
	if len(groups) < 15 || groups[0].NumRows() != maxGroupBytes/(8<<10) || most > maxGroupBytes {
		t.Errorf("%d row groups, the first with %d rows; %d bytes in one write", len(groups), groups[0].NumRows(), most)
	}
}
