// Package silent lists the messages that were sent and had no terminal event, to be asked
// for at the provider. Package silence of the store finds them; the answer comes back by
// winnow import events.
package silent

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/internal/app"
	"winnow/internal/atomicfile"
	"winnow/internal/config"
	"winnow/internal/csvlist"
	"winnow/internal/suggest"
	"winnow/internal/ui"
	"winnow/store/silence"
)

// DefaultAfter is after how long a message is silent where the config does not say.
const DefaultAfter = 72 * time.Hour

// Options say which messages to list, and where.
type Options struct {
	Source  string          // empty for all
	Since   hygiene.Instant // earliest sending; 0 for as far back as silence is looked at
	Output  string          // the file; empty for stdout
	Profile csvlist.Profile
	Now     hygiene.Instant
}

// Lists reports whether the messages are listed, and not only counted.
func (o *Options) Lists() bool { return o.Source != "" || o.Output != "" }

// result is what was found, as JSON.
type result struct {
	AsOf     hygiene.Instant `json:"as_of"`
	After    string          `json:"silent_after"`
	Messages int64           `json:"messages"`
	Counts   []dayCount      `json:"counts"`
}

// dayCount is how many messages of a source and day are silent.
type dayCount struct {
	Source   string `json:"source"`
	Day      string `json:"day"`
	Messages int64  `json:"messages"`
}

// Run counts or lists the silent messages.
func Run(ctx context.Context, out *ui.Printer, a *app.App, o Options) error {
	known := sourceNames(a.Config)
	if o.Source != "" && !slices.Contains(known, o.Source) {
		return fmt.Errorf("there is no source %q in the config; %s", o.Source, suggest.Hint(o.Source, known))
	}
	after := a.Config.Silence
	if after == 0 {
		after = DefaultAfter
	}
	if !o.Lists() {
		found, err := find(ctx, out, a, o, after, nil)
		if err == nil {
			err = printCounts(out, o, after, found)
		}
		return err
	}
	file, err := openList(out, o)
	if err != nil {
		return err
	}
	defer file.discard()
	found, err := find(ctx, out, a, o, after, file.write)
	if err == nil {
		err = file.commit()
	}
	if err != nil {
		return err
	}
	summary := fmt.Sprintf("%s silent: sent at least %s ago, and no terminal event since", ui.CountVerb(found.Messages, "message", "is", "are"), instant.FormatDuration(after))
	switch {
	case out.JSON:
		return out.PrintJSON(resultOf(o, after, found))
	case o.Output != "":
		_, err = fmt.Fprintln(out.Stdout, summary)
	default:
		_, err = fmt.Fprintln(out.Stderr, "winnow:", summary)
	}
	return err
}

func sourceNames(cfg *config.Config) (names []string) {
	for i := range cfg.Sources {
		names = append(names, cfg.Sources[i].Name)
	}
	return names
}

func find(ctx context.Context, out *ui.Printer, a *app.App, o Options, after time.Duration, visit func(*silence.Message) error) (silence.Found, error) {
	show, done := out.Progress("event")
	defer done()
	return a.Store.FindSilent(ctx, silence.Options{Now: o.Now, After: after, Source: o.Source, Since: o.Since, Progress: show}, visit)
}

func resultOf(o Options, after time.Duration, found silence.Found) result {
	r := result{AsOf: o.Now, After: instant.FormatDuration(after), Messages: found.Messages, Counts: []dayCount{}}
	for _, c := range found.Counts {
		r.Counts = append(r.Counts, dayCount{c.Source, c.Date(), c.Messages})
	}
	return r
}

func printCounts(out *ui.Printer, o Options, after time.Duration, found silence.Found) error {
	if out.JSON {
		return out.PrintJSON(resultOf(o, after, found))
	}
	if found.Messages == 0 {
		_, err := fmt.Fprintf(out.Stdout, "no message is silent: each that was sent at least %s ago had a terminal event\n", instant.FormatDuration(after))
		return err
	}
	rows := [][]string{{"SOURCE", "SENT ON", "SILENT"}}
	for _, c := range found.Counts {
		rows = append(rows, []string{c.Source, c.Date(), ui.Number(c.Messages)})
	}
	ui.Table(out.Stdout, rows)
	_, err := fmt.Fprintf(out.Stdout, "%s of at least %s ago had no terminal event; winnow silent --source %s lists them for the provider\n",
		ui.Count(found.Messages, "message"), instant.FormatDuration(after), ui.ShellQuote(found.Counts[0].Source))
	return err
}

// list writes the messages as CSV.
type list struct {
	to      *bufio.Writer
	file    *atomicfile.File // nil for stdout
	profile csvlist.Profile
	line    []byte
}

func openList(out *ui.Printer, o Options) (*list, error) {
	l := &list{profile: o.Profile}
	if o.Output != "" {
		file, err := atomicfile.Create(o.Output)
		if err != nil {
			return nil, err
		}
		l.to, l.file = file.Writer, file
	} else {
		to := out.Exact()
		if out.JSON {
			to = io.Discard
		}
		l.to = bufio.NewWriterSize(to, 1<<16)
	}
	l.to.WriteString(o.Profile.Mark())
	return l, l.row("message_id", "sent_at", "contact", "source")
}

func (l *list) row(cells ...string) error {
	l.line = l.profile.AppendRow(l.line[:0], cells)
	_, err := l.to.Write(l.line)
	return err
}

func (l *list) write(m *silence.Message) error {
	return l.row(m.ID, m.SentAt.Time().Format(time.RFC3339), m.Contact, m.Source)
}

func (l *list) commit() error {
	if l.file != nil {
		return l.file.Commit()
	}
	return l.to.Flush()
}

func (l *list) discard() {
	if l.file != nil {
		l.file.Discard()
	}
}

// Describe is what a review counted, for people; empty for nothing. The present says how
// old that is.
func Describe(of silence.Counted, now hygiene.Instant) string {
	sums := of.BySource()
	if len(sums) == 0 {
		return ""
	}
	var texts []string
	all := int64(0)
	for _, c := range of.Counts {
		if n, there := sums[c.Source]; there {
			all += n
			texts = append(texts, ui.Number(n)+" of "+c.Source)
			delete(sums, c.Source)
		}
	}
	return fmt.Sprintf("%s no answer %s after the sending (%s), as counted %s", ui.CountVerb(all, "message", "had", "had"),
		instant.FormatDuration(of.After), strings.Join(texts, ", "), ui.Ago(now.Sub(of.At)))
}

// ParseSince reads a duration before now, a date or a time; empty is 0.
func ParseSince(text string, now hygiene.Instant) (hygiene.Instant, error) {
	if text == "" {
		return 0, nil
	}
	if d, err := instant.ParseDuration(text); err == nil {
		return max(0, now.Add(-d)), nil
	}
	at, err := instant.ParseTime(text)
	if err != nil {
		return 0, errors.New("--since: write 30d, 2026-11-01 or 2026-11-01T09:00:00Z")
	}
	return at, nil
}
