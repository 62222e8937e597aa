package simulate

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/simulate/bodies"
	"winnow/internal/simulate/traffic"
	"winnow/internal/ui"
)

// archived is a callback of an archive, as winnow import events reads it.
type archived struct {
	Source     string          `json:"source"`
	ReceivedAt hygiene.Instant `json:"received_at"`
	Body       json.RawMessage `json:"body"`
}

// arrivesAfter is how long after it happened a callback arrives.
const arrivesAfter = 2 * time.Second

// writeArchive writes the traffic to a file instead of sending it, with times of receipt that
// are spread over the days: a history to try rules on.
func (o *Options) writeArchive(out *ui.Printer) (err error) {
	cfg, err := app.Options{Path: o.Config}.Load()
	if err != nil {
		return err
	}
	t, err := ofConfig(cfg, o.Source)
	if err != nil {
		return err
	}
	s, err := o.prepare(t)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(o.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	n, err := s.archive(w, out)
	if err = errors.Join(err, w.Flush()); err != nil {
		return err
	}
	return errors.Join(s.writeFiles(), s.tellArchive(out, n))
}

// archive writes the callbacks and notes each as answered.
func (s *simulation) archive(w *bufio.Writer, out *ui.Printer) (n int64, err error) {
	show, done := out.Progress("callback")
	defer done()
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for sequence := s.traffic.Sequence(0, s.moment); ; n++ {
		c, ok := sequence.Next(s.Count)
		if !ok {
			return n, nil
		}
		v := s.target.values(s.run, &c)
		r := s.maker.Make(&c.Event, &v)
		received := s.moment(sequence.Started() - 1).Add(arrivesAfter)
		if err := encoder.Encode(archived{s.target.name, hygiene.InstantOf(received), archivedBody(&r)}); err != nil {
			return n, err
		}
		s.ledger.Add(c.N, r.Expect, true, false)
		if show != nil {
			show(n)
		}
	}
}

// archivedBody is a body as the log has it: a query goes before it.
func archivedBody(r *bodies.Request) json.RawMessage {
	if json.Valid(r.Body) && r.Query == "" {
		return r.Body
	}
	text := string(r.Body)
	if r.Query != "" {
		text = "?" + r.Query
		if len(r.Body) > 0 {
			text += "\n" + string(r.Body)
		}
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a text always can be
	}
	return quoted
}

// inArchive are the lies that a file can tell.
func inArchive(lies []traffic.Lie) (list []traffic.Lie) {
	for _, l := range lies {
		if l != traffic.Oversized && l != traffic.WrongToken && l != traffic.WrongSignature {
			list = append(list, l)
		}
	}
	return list
}

func (s *simulation) tellArchive(out *ui.Printer, n int64) error {
	if out.JSON {
		return out.PrintJSON(map[string]any{"run": traffic.Prefix + s.run, "source": s.target.name, "callbacks": n, "file": s.File, "days": s.Days})
	}
	_, err := fmt.Fprintf(out.Stdout, "wrote %s of the last %s to %s; import them into a store that you can do without: winnow import events %[3]s -c COPY.yaml\n",
		ui.Count(n, "callback"), ui.Count(int64(s.Days), "day"), ui.ShellQuote(s.File))
	return err
}
