package segments

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
)

// generated is a roster of many contacts of 32 entries each. A few histories
// stand for all: what is measured is the pass, not the reading of a store.
type generated struct {
	keys, phones []string
	histories    []hygiene.History
}

func generate(n int) *generated {
	g := &generated{}
	for i := range n {
		g.keys = append(g.keys, fmt.Sprintf("crm-%07d", i))
		g.phones = append(g.phones, fmt.Sprintf("+90555%07d", i))
	}
	for i := range 500 {
		var h hygiene.History
		for e := range 32 {
			o := []hygiene.Outcome{hygiene.Sent, hygiene.Delivered}[e%2]
			h.Add(&hygiene.Event{Seq: int64(e + 1), At: noon.Add(-time.Duration(i+32-e) * time.Hour), Source: "insider", MessageID: fmt.Sprint(i, "/", e), Outcome: o})
		}
		g.histories = append(g.histories, h)
	}
	return g
}

func (g *generated) Contacts(_ context.Context, _ bool, visit func(*hygiene.Contact) error) error {
	var c hygiene.Contact
	c.Attributes = hygiene.Attributes{{Name: "country", Value: hygiene.Value{Text: "TR"}}}
	for i := range g.keys {
		c.Key, c.Phone, c.History = g.keys[i], g.phones[i], g.histories[i%len(g.histories)]
		if err := visit(&c); err != nil {
			return err
		}
	}
	return nil
}

func (*generated) InList(string, string) (bool, error) { return false, nil }

func (*generated) PinsOf(string) ([]Pin, error) { return nil, nil }

func (*generated) ListsOf(string) ([]string, error) { return nil, nil }

// nowhere is a publisher that keeps nothing.
type nowhere struct{}

func (nowhere) String() string { return "nowhere" }

func (nowhere) Begin(string, string) (Draft, error) { return nowhere{}, nil }

func (nowhere) Prune(string, int) error { return nil }

func (nowhere) Hold() error { return nil }

func (nowhere) Create(string) (DraftFile, error) { return nowhere{}, nil }

func (nowhere) Publish() error { return nil }

func (nowhere) Abort() error { return nil }

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }

func (nowhere) Close() error { return nil }

func (nowhere) Discard() error { return nil }

// tenth holds for one contact in ten, by the last digit of the key.
type tenth struct {
	hygiene.All
	digit byte
}

func (d tenth) Holds(s *hygiene.Subject) bool { return s.Key[len(s.Key)-1] == d.digit }

func (d tenth) String() string { return "tenth" }

const sixColumns = "contact phone status last_delivered_at sent_count attributes.country"

// BenchmarkPass is one pass over 200,000 contacts through ten segments of a
// tenth each: as many rows as contacts, of six columns.
func BenchmarkPass(b *testing.B) {
	const contacts = 200_000
	for _, format := range []Format{CSV, JSON, CSVGzip, JSONGzip} {
		b.Run(string(format), func(b *testing.B) {
			g := generate(contacts)
			p := Plan{Export: Export{Name: "nightly", Formats: []Format{format}, Keep: 1}, Run: Run{AsOf: noon}}
			for d := byte('0'); d <= '9'; d++ {
				name := "s" + string(d)
				p.Segments = append(p.Segments, Segment{Name: name, Where: tenth{digit: d}, Columns: columnsOf(b, sixColumns)})
				p.Export.Segments = append(p.Export.Segments, name)
			}
			b.ReportAllocs()
			for b.Loop() {
				r, err := Execute(context.Background(), p, g, []Publisher{nowhere{}}, nil)
				if err != nil || len(r.Manifest.Files) != 10 || r.Manifest.Files[3].Rows != contacts/10 {
					b.Fatal(err, r.Manifest.Files)
				}
			}
			b.ReportMetric(float64(contacts*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkRowsAgainstEncodingCSV writes the same rows with the encoder and with
// encoding/csv, and prints how many times longer the latter takes.
func BenchmarkRowsAgainstEncodingCSV(b *testing.B) {
	const rows = 100_000
	g := generate(rows)
	columns := columnsOf(b, sixColumns)
	var ours, theirs time.Duration
	for b.Loop() {
		start := time.Now()
		writeRows(b, g, columns)
		ours += time.Since(start)
		start = time.Now()
		writeRowsWithEncodingCSV(b, g)
		theirs += time.Since(start)
	}
	b.ReportMetric(float64(rows*b.N)/ours.Seconds(), "rows/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "times-encoding/csv")
}

func writeRows(b *testing.B, g *generated, columns []Column) {
	e, v := newCSVEncoder(columns, encoding{}), view{asOf: noon}
	buf, cells := e.begin(make([]byte, 0, 2*flushAt)), make([]cell, len(columns))
	err := g.Contacts(b.Context(), false, func(c *hygiene.Contact) error {
		v.reset(c)
		if err := v.fill(columns, cells); err != nil {
			return err
		}
		if buf = e.row(buf, cells); len(buf) >= flushAt {
			io.Discard.Write(buf)
			buf = buf[:0]
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func writeRowsWithEncodingCSV(b *testing.B, g *generated) {
	w := csv.NewWriter(io.Discard)
	w.Write(strings.Fields(sixColumns))
	record := make([]string, 6)
	err := g.Contacts(b.Context(), false, func(c *hygiene.Contact) error {
		delivered := c.History.Outcome(hygiene.Delivered)
		country, _ := c.Attributes.Get("country")
		record[0], record[1], record[2] = c.Key, c.Phone, c.Status(noon).String()
		record[3] = delivered.Last().At.String()
		record[4] = strconv.Itoa(len(c.History.Outcome(hygiene.Sent).Entries))
		record[5] = country.Text
		return w.Write(record)
	})
	if err != nil {
		b.Fatal(err)
	}
	w.Flush()
}
