package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"winnow/internal/traffic"
)

// list is a file that winnow and its peers import.
type list struct {
	name    string
	columns []string // the first is the key
	write   func(w io.Writer, n int)
	command []string
	cpu     string // goal: seconds for a million lines
	written string // goal: GB for a million lines
}

// lists are those that are imported. Message ids are as good as random, as those of
// providers are.
var lists = []list{
	{name: "contacts", columns: []string{"contact", "phone", "city", "tier"}, command: []string{"import", "contacts", "--apply"}, cpu: "<= 10",
		write: func(w io.Writer, n int) {
			fmt.Fprintf(w, "%s,%s,%s,%d\n", traffic.ContactKey(n), traffic.Phone(n), []string{"Istanbul", "Ankara", "Izmir", "Bursa"}[n%4], n%3)
		}},
	{name: "messages", columns: []string{"message_id", "contact", "phone", "sent_at"}, command: []string{"import", "messages"}, cpu: "<= 12", written: "<= 0.6",
		write: func(w io.Writer, n int) {
			at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Second / 10)
			fmt.Fprintf(w, "%016x-%08x,%s,%s,%s\n", uint64(n+1)*0x9e3779b97f4a7c15, n, traffic.ContactKey(n), traffic.Phone(n), at.Format(time.RFC3339))
		}},
}

// imports imports lists beside what else would load them.
func (b *bench) imports(ctx context.Context) error {
	for _, l := range lists {
		path := filepath.Join(b.folder, l.name+".csv")
		if err := l.make(path, b.Events); err != nil {
			return err
		}
		if err := b.importList(ctx, l, path); err != nil {
			return err
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// make writes a list of n lines.
func (l list) make(path string, n int) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<16)
	fmt.Fprintln(w, joined(l.columns))
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(n) { // a CRM writes its list in an order of its own
		l.write(w, i)
	}
	return w.Flush()
}

func (b *bench) importList(ctx context.Context, l list, path string) error {
	b.note("importing %d %s", b.Events, l.name)
	s, err := b.newSite(siteOptions{key: "text", every: "1h"})
	if err != nil {
		return err
	}
	ours, err := s.winnow(ctx, append(l.command, path)...)
	if err != nil {
		return err
	}
	million := 1e6 / float64(b.Events)
	line := Line{Row: "imports", What: fmt.Sprintf("CPU of importing a million %s", l.name), Goal: l.cpu, Unit: "s", Value: ours.CPU.Seconds() * million}
	b.report.add(line.using(ours))
	if l.written != "" {
		b.report.add(Line{Row: "imports", What: "written by the same", Goal: l.written, Unit: "GB", Value: float64(ours.Written) / 1e9 * million})
	}
	for _, p := range b.importers(l, path) {
		b.note("importing %d %s with %s", b.Events, l.name, p.name)
		theirs, err := p.measure(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		b.report.add(Line{Row: "imports", What: fmt.Sprintf("a million %s, wall time", l.name), Unit: "s"}.
			against(p.name, []float64{ours.took.Seconds() * million}, []float64{theirs.took.Seconds() * million}))
		if p.serverless {
			b.report.add(Line{Row: "imports", What: "CPU of the same", Unit: "s"}.
				against(p.name, []float64{ours.CPU.Seconds() * million}, []float64{theirs.CPU.Seconds() * million}))
			b.report.add(Line{Row: "imports", What: "written by the same", Unit: "GB"}.
				against(p.name, []float64{float64(ours.Written) / 1e9 * million}, []float64{float64(theirs.Written) / 1e9 * million}))
		}
	}
	return s.remove()
}
