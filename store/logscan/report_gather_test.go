package logscan

import (
	"fmt"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
)

func TestLongValuesAreNotGatheredInMemory(t *testing.T) {
	const at = hygiene.Instant(1_767_225_600_000_000)
	e := enginetest.Open(t, enginetest.Location(t))
	var events []hygiene.Event
	for i := range 40 {
		body := fmt.Appendf(nil, `{"uniqueArgs":{"text":"%d%s"}}`, i, strings.Repeat("x", 1000))
		events = append(events, hygiene.Event{ReceivedAt: at, At: at, Source: "insider", MessageID: "m", Name: "sent", Outcome: hygiene.Sent, Contact: "ann", Body: body})
	}
	if err := e.WriteLog(func(l engine.LogWriter) error { return l.AppendEvents([][]hygiene.Event{events}) }); err != nil {
		t.Fatal(err)
	}
	most := 0
	o := ReportOptions{By: []string{"unique_args.text"}, Until: at + 1, step: 1, bytes: 5000}
	counted := newReport(o)
	defer counted.Close()
	g := newGatherer(counted, t.TempDir(), o)
	for seq := range int64(41) {
		if err := e.ReadLog(func(l engine.LogReader) error { return g.read(l, seq, seq) }); err != nil {
			t.Fatal(err)
		}
		held := 0
		for key := range g.counts {
			held += len(key)
		}
		most = max(most, held)
	}
	if err := g.finish(); err != nil {
		t.Fatal(err)
	}
	if n, err := counted.Rows(); err != nil || n != 40 || most > 5000 || most < 1000 {
		t.Errorf("%d rows, %v; up to %d bytes were held", n, err, most)
	}
}
