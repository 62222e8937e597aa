package simulate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/simulate/answered"
	"winnow/internal/simulate/load"
	"winnow/internal/ui"
)

// Report is what came of a run.
type Report struct {
	Run      string
	Source   string
	Preset   string
	Lacking  []hygiene.Outcome // of which the preset has no body
	Measured *load.Measured    // of the rate that was held, where the limit was looked for
	Steps    []Step            // none where it was not
	Daemon   *Usage            // nil for a daemon that was running
	Check    *answered.Check   // nil where the store is not known
	Judged   *Judged           // nil for a daemon that was running

	outcomes   map[hygiene.Outcome]int64
	unexpected map[unexpected]int64
	again      int64 // callbacks that were sent again
	givenUp    int64
	events     int64
	options    *Options
}

func (r *Report) addWork(w *work) {
	r.outcomes, r.unexpected, r.again, r.givenUp, r.events = w.counts, w.unexpected, w.again, w.givenUp, w.sequence.Started()
}

// print prints the report; its error says that something is wrong.
func (r *Report) print(p *ui.Printer) error {
	var err error
	if p.JSON {
		err = p.PrintJSON(r)
	} else {
		r.text(p)
	}
	if err == nil && (r.Check != nil && !r.Check.OK() || len(r.unexpected) > 0 || r.givenUp > 0) {
		err = ui.ErrReported
	}
	return err
}

func (r *Report) text(p *ui.Printer) {
	m := r.Measured
	all := r.all()
	fmt.Fprintf(p.Stdout, "%s of the source %s in %s, ids %s-…\n", ui.Count(all.Answers+all.Failures, "callback"), r.Source, all.Took.Round(10*time.Millisecond), r.Run)
	rows := [][]string{{"answers", statuses(all.Statuses)}, {"messages", r.outcomeText()}}
	if r.again > 0 {
		rows = append(rows, []string{"again", ui.CountVerb(r.again, "", "try", "tries") + " after an answer that asked for it, or none"})
	}
	latency := "latency"
	if len(r.Steps) > 0 {
		latency = "latency at the limit"
	}
	rows = append(rows, []string{latency, fmt.Sprintf("p50 %s  p90 %s  p99 %s  p99.9 %s  max %s", short(m.P50), short(m.P90), short(m.P99), short(m.P999), short(m.Max))})
	if len(r.Steps) == 0 {
		rows = append(rows, []string{"rate", r.rate()})
	}
	if d := r.Daemon; d != nil && all.Answers > 0 {
		rows = append(rows, []string{"daemon", fmt.Sprintf("%s of CPU and %s bytes written a callback, peak %s MiB of memory", short(d.CPU/time.Duration(all.Answers)),
			ui.Number(d.Written/all.Answers), ui.Number(d.Peak>>20))})
	}
	ui.Table(p.Stdout, rows)
	if r.printSteps(p); len(r.Steps) == 0 {
		plot(p, m.Intervals)
	}
	r.wrong(p)
	if r.Check != nil {
		r.Check.Print(p, app.ConfigFlag(r.options.Config))
	}
	if r.Judged != nil {
		r.Judged.print(p)
	}
}

// all is what was measured of all callbacks: the sum of the rates that were tried.
func (r *Report) all() *load.Measured {
	if len(r.Steps) == 0 {
		return r.Measured
	}
	sum := &load.Measured{Statuses: map[int]int64{}}
	for _, s := range r.Steps {
		sum.Answers, sum.Failures, sum.Took = sum.Answers+s.measured.Answers, sum.Failures+s.measured.Failures, sum.Took+s.measured.Took
		for status, n := range s.measured.Statuses {
			sum.Statuses[status] += n
		}
	}
	return sum
}

func statuses(counts map[int]int64) string {
	var list []string
	for _, status := range sortedKeys(counts) {
		name := fmt.Sprint(status)
		if status == 0 {
			name = "none"
		}
		list = append(list, name+": "+ui.Number(counts[status]))
	}
	return strings.Join(list, "  ")
}

func sortedKeys[K cmp.Ordered](m map[K]int64) []K {
	var keys []K
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (r *Report) outcomeText() string {
	var list []string
	outcomes := sortedKeys(r.outcomes)
	slices.SortStableFunc(outcomes, func(a, b hygiene.Outcome) int { return cmp.Compare(r.outcomes[b], r.outcomes[a]) })
	for _, o := range outcomes {
		list = append(list, fmt.Sprintf("%s %s", ui.Number(r.outcomes[o]), o))
	}
	return strings.Join(list, ", ")
}

func (r *Report) rate() string {
	text := fmt.Sprintf("%s a second over %s", ui.Number(int64(r.Measured.PerSecond())), ui.Count(int64(r.options.Connections), "connection"))
	if r.options.Rate > 0 {
		return text + fmt.Sprintf(", of %g that were due", r.options.Rate)
	}
	return text + ", each as soon as the one before was answered"
}

// short is a duration with three digits.
func short(d time.Duration) string {
	unit := time.Microsecond
	for d >= 1000*unit {
		unit *= 10
	}
	return d.Round(unit).String()
}

// The size of the plot.
const (
	plotRows  = 20
	plotWidth = 40
)

// plot draws how many requests were answered over time, and how slowly.
func plot(p *ui.Printer, all []load.Interval) {
	list := joined(all, plotRows)
	most := 0.0
	for _, i := range list {
		most = max(most, perSecond(i))
	}
	if most == 0 || len(list) < 2 {
		return
	}
	rows := [][]string{{"AT", "A SECOND", "", "P99", "MAX"}}
	for _, i := range list {
		bar := strings.Repeat("#", int(perSecond(i)/most*plotWidth+.5))
		rows = append(rows, []string{short(i.At), ui.Number(int64(perSecond(i))), bar, short(i.P99), short(i.Max)})
	}
	fmt.Fprintln(p.Stdout)
	ui.Table(p.Stdout, rows)
	fmt.Fprintln(p.Stdout)
}

func perSecond(i load.Interval) float64 {
	if i.Length <= 0 {
		return 0
	}
	return float64(i.Answers) / i.Length.Seconds()
}

// joined are the intervals, so many at most: neighbours become one, with the worst of their
// latencies.
func joined(all []load.Interval, most int) (list []load.Interval) {
	each := (len(all) + most - 1) / most
	for from := 0; from < len(all); from += each {
		i := all[from]
		for _, next := range all[from+1 : min(from+each, len(all))] {
			i.Length, i.Answers, i.Failures = i.Length+next.Length, i.Answers+next.Answers, i.Failures+next.Failures
			i.P99, i.Max = max(i.P99, next.P99), max(i.Max, next.Max)
		}
		list = append(list, i)
	}
	return list
}

// wrong prints what was not as it should be.
func (r *Report) wrong(p *ui.Printer) {
	for u, n := range r.unexpected {
		fmt.Fprintf(p.Stdout, "UNEXPECTED: %s %s answered %d%s\n", ui.Count(n, u.Lie.String()+" callback"), map[bool]string{true: "was", false: "were"}[n == 1], u.Status, r.hint(u))
	}
	if r.givenUp > 0 {
		fmt.Fprintf(p.Stdout, "GIVEN UP: %s not stored, however often they were sent", ui.CountVerb(r.givenUp, "callback", "was", "were"))
		if r.Measured.Why != nil {
			fmt.Fprintf(p.Stdout, "; the last one without an answer: %v", r.Measured.Why)
		}
		fmt.Fprintln(p.Stdout)
	}
	if len(r.Lacking) > 0 {
		var names []string
		for _, o := range r.Lacking {
			names = append(names, o.String())
		}
		fmt.Fprintf(p.Stdout, "the preset %s has no words for %s, so those messages were delivered\n", r.Preset, ui.AndList(names))
	}
}

func (r *Report) hint(u unexpected) string {
	switch u.Status {
	case 404:
		return ": the token is not the source's, or from of the source lacks this address"
	case 403:
		return ": the signature is missing or wrong"
	}
	return ""
}

// MarshalJSON implements [json.Marshaler].
func (r *Report) MarshalJSON() ([]byte, error) {
	m, all := r.Measured, r.all()
	type step struct {
		Due       float64 `json:"due_per_second"`
		PerSecond float64 `json:"per_second"`
		P99       float64 `json:"p99_seconds"`
		Held      bool    `json:"held"`
	}
	steps := []step{}
	for _, s := range r.Steps {
		steps = append(steps, step{s.Rate, s.measured.PerSecond(), s.measured.P99.Seconds(), s.Held})
	}
	type point struct {
		Seconds   float64 `json:"at_seconds"`
		PerSecond float64 `json:"per_second"`
		P99       float64 `json:"p99_seconds"`
		Max       float64 `json:"max_seconds"`
		Failures  int64   `json:"failures"`
	}
	outcomes, answers := map[string]int64{}, map[string]int64{}
	for o, n := range r.outcomes {
		outcomes[o.String()] = n
	}
	for s, n := range all.Statuses {
		answers[fmt.Sprint(s)] = n
	}
	var over []point
	for _, i := range m.Intervals {
		over = append(over, point{i.At.Seconds(), perSecond(i), i.P99.Seconds(), i.Max.Seconds(), i.Failures})
	}
	unexpected := map[string]int64{}
	for u, n := range r.unexpected {
		unexpected[fmt.Sprintf("%s: %d", u.Lie, u.Status)] = n
	}
	return json.Marshal(map[string]any{
		"run": r.Run, "source": r.Source, "preset": r.Preset, "seconds": all.Took.Seconds(), "callbacks": all.Answers + all.Failures, "rates": steps, "events": r.events,
		"per_second": m.PerSecond(), "answers": answers, "outcomes": outcomes, "sent_again": r.again, "given_up": r.givenUp, "unexpected": unexpected,
		"latency_seconds": map[string]float64{"p50": m.P50.Seconds(), "p90": m.P90.Seconds(), "p99": m.P99.Seconds(), "p99.9": m.P999.Seconds(), "max": m.Max.Seconds()},
		"over_time":       over, "daemon": r.Daemon, "check": r.Check, "judged": r.Judged,
	})
}
