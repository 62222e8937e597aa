package bench

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"winnow/internal/procusage"
)

func TestTheMedianOfTheRoundsCountsAndTheirSpreadIsShown(t *testing.T) {
	l := Line{What: "x", Unit: "/s"}.against("nothing", []float64{10, 30, 20}, []float64{40, 40, 40})
	if l.Value != 20 || l.PeerValue != 40 || l.Ratio != .5 || l.RatioLow != .25 || l.RatioHigh != .75 {
		t.Errorf("%+v", l)
	}
	if cells := l.cells(); cells[4] != "0.50 (0.25–0.75)" {
		t.Errorf("the ratio is printed as %q", cells[4])
	}
}

func TestTheHighestPeakOfAllProcessesIsOfAGoal(t *testing.T) {
	r := Report{Lines: []Line{{Peak: 5 << 20}, {Peak: 200 << 20}, {}}}
	r.addMemory()
	if last := r.Lines[3]; last.Value != 200 || last.Goal != "<= 256" {
		t.Errorf("%+v", last)
	}
}

func TestCPUBelongsToTheNearestCallerWithAName(t *testing.T) {
	for want, stack := range map[string][]string{
		"SQLite, with its writing and syncing": {"runtime.cgocall", "github.com/mattn/go-sqlite3.(*SQLiteStmt).exec", "winnow/store.(*Store).Append"},
		"reading the body":                     {"runtime.mallocgc", "encoding/json.Unmarshal", "winnow/hygiene/provider.(*Reader).Read", "winnow/internal/receiver.(*Receiver).post", "net/http.(*conn).serve"},
		"histories, rules and conditions":      {"runtime.memmove", "winnow/hygiene.(*Policy).Apply", "winnow/store.(*sweep).judge"},
		"sockets":                              {"syscall.Syscall", "internal/poll.(*FD).Write", "net.(*conn).Write", "net/http.(*response).finishRequest"},
		"garbage collection in the background": {"runtime.scanobject", "runtime.gcBgMarkWorker"},
		"Go's scheduler":                       {"runtime.futex", "runtime.findRunnable"},
	} {
		sample := &profile.Sample{}
		for _, name := range stack {
			sample.Location = append(sample.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}})
		}
		if part := partOf(sample); part != want {
			t.Errorf("%s is of %q, not %q", strings.Join(stack, " < "), part, want)
		}
	}
}

func TestAResultsFileIsContinued(t *testing.T) {
	path := filepath.Join(t.TempDir(), "grown.ndjson")
	want := Grown{Contacts: 10, Events: 100, Sample: 5, Sweep: Cost{Took: time.Second, Usage: procusage.Usage{CPU: time.Second, Written: 7, Peak: 9}}}
	for range 2 {
		if err := addGrown(path, want); err != nil {
			t.Fatal(err)
		}
	}
	list, err := readGrown(path)
	if err != nil || len(list) != 2 || list[1] != want {
		t.Errorf("%+v, %v", list, err)
	}
	if err := os.WriteFile(path, []byte("{\"contacts\":"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readGrown(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a file that is cut off is read: %v", err)
	}
}

func TestAnAxisHasFewLabelsAndHoldsAllThatIsMeasured(t *testing.T) {
	for _, most := range []float64{0, .003, .9, 1, 7.5, 99, 101, 4999, 5001} {
		step := tickStep(most)
		if labels := math.Ceil(most / step); labels > 6 {
			t.Errorf("up to %g there are %g labels, one each %g", most, labels, step)
		}
	}
}

func TestThePlotIsXMLWithEachFigure(t *testing.T) {
	var list []Grown
	for _, events := range []int{0, 1000, 5_000_000} {
		list = append(list, Grown{Contacts: 10, Events: events, Sample: 10, Append: Cost{Usage: procusage.Usage{CPU: time.Millisecond}}})
	}
	var drawn bytes.Buffer
	Plot(&drawn, list)
	circles := 0
	for d := xml.NewDecoder(&drawn); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "circle" {
			circles++
		}
	}
	if circles != len(panels)*len(list) {
		t.Errorf("%d figures are drawn, not %d", circles, len(panels)*len(list))
	}
}
