package bench

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"winnow/internal/ui"
)

// Report is what was measured.
type Report struct {
	Machine  Machine  `json:"machine"`
	Contacts int      `json:"contacts"`
	Events   int      `json:"events"`
	Lines    []Line   `json:"lines"`
	LeftOut  []string `json:"left_out,omitempty"` // what was not measured, and why
}

// Line is a line of the table: a figure of winnow and, if there is one, that of a peer in the
// same unit. Of several rounds the median counts.
type Line struct {
	Row  string `json:"row"`
	What string `json:"what"`
	// Goal is as >= 0.8 or <= 1.35: of the ratio, or of the value if there is no peer.
	Goal  string  `json:"goal,omitempty"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`

	Peer      string  `json:"peer,omitempty"`
	PeerValue float64 `json:"peer_value,omitempty"`
	Ratio     float64 `json:"ratio,omitempty"`      // of the value to the peer's
	RatioLow  float64 `json:"ratio_low,omitempty"`  // of the rounds
	RatioHigh float64 `json:"ratio_high,omitempty"` // of the rounds

	// What winnow's process used: of each callback or event, or of the whole. 0 is unknown.
	Each    bool    `json:"each,omitempty"`
	CPU     float64 `json:"cpu_seconds,omitempty"`
	Written float64 `json:"written_bytes,omitempty"`
	Peak    int64   `json:"peak_bytes,omitempty"`
}

// against fills in the figures of rounds, in which winnow and a peer were measured in turn.
func (l Line) against(peer string, ours, theirs []float64) Line {
	var ratios []float64
	for i := range ours {
		ratios = append(ratios, ours[i]/theirs[i])
	}
	l.Value, l.Peer, l.PeerValue = median(ours), peer, median(theirs)
	l.Ratio, l.RatioLow, l.RatioHigh = l.Value/l.PeerValue, slices.Min(ratios), slices.Max(ratios)
	return l
}

// using fills in what a process used.
func (l Line) using(m measured) Line {
	l.CPU, l.Written, l.Peak = m.CPU.Seconds(), float64(m.Written), m.Peak
	return l
}

func (r *Report) add(l Line) { r.Lines = append(r.Lines, l) }

// addMemory adds the highest peak of all lines, which is of a goal of its own.
func (r *Report) addMemory() {
	var peak int64
	for _, l := range r.Lines {
		peak = max(peak, l.Peak)
	}
	if peak > 0 {
		r.add(Line{Row: "memory", What: "most memory that a process of winnow had", Goal: "<= 256", Unit: "MiB", Value: float64(peak) / (1 << 20)})
	}
}

// leaveOut notes what is not measured.
func (r *Report) leaveOut(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.LeftOut, text) {
		r.LeftOut = append(r.LeftOut, text)
	}
}

// Print prints the machine, the table in Markdown, and what was left out.
func (r *Report) Print(w io.Writer) {
	fmt.Fprintf(w, "%s. %s contacts, %s events.\n\n", r.Machine, ui.Number(int64(r.Contacts)), ui.Number(int64(r.Events)))
	rows := [][]string{{"what", "goal", "winnow", "beside it", "ratio (rounds)", "CPU", "written", "peak"}}
	for _, l := range r.Lines {
		rows = append(rows, l.cells())
	}
	PrintMarkdown(w, rows)
	if len(r.LeftOut) > 0 {
		fmt.Fprintf(w, "\nLeft out: %s.\n", strings.Join(r.LeftOut, "; "))
	}
}

func (l Line) cells() []string {
	cells := []string{l.What, l.Goal, amount(l.Value, l.Unit), "", "", "", "", ""}
	if l.Peer != "" {
		cells[3] = l.Peer + " " + amount(l.PeerValue, l.Unit)
		cells[4] = fmt.Sprintf("%.2f", l.Ratio)
		if l.RatioLow != l.RatioHigh {
			cells[4] += fmt.Sprintf(" (%.2f–%.2f)", l.RatioLow, l.RatioHigh)
		}
	}
	if l.CPU > 0 {
		cells[5] = seconds(l.CPU) + l.each()
		cells[6] = bytesText(l.Written) + l.each()
		cells[7] = fmt.Sprintf("%.0f MiB", float64(l.Peak)/(1<<20))
	}
	return cells
}

func (l Line) each() string {
	if l.Each {
		return " each"
	}
	return ""
}

// amount writes a figure with its unit.
func amount(value float64, unit string) string {
	text := strconv.FormatFloat(value, 'f', decimals(value), 64)
	if value >= 1000 {
		text = ui.Number(int64(value))
	}
	if strings.HasPrefix(unit, "/") {
		return text + unit
	}
	return strings.TrimSpace(text + " " + unit)
}

// decimals are so many that a figure has three digits or so.
func decimals(value float64) int {
	switch {
	case value >= 100:
		return 0
	case value >= 10:
		return 1
	default:
		return 2
	}
}

// seconds writes a time, in the unit that makes it short.
func seconds(s float64) string {
	switch {
	case s >= 0.1:
		return amount(s, "s")
	case s >= 1e-4:
		return amount(s*1e3, "ms")
	default:
		return amount(s*1e6, "µs")
	}
}

// bytesText writes a number of bytes, in the unit that makes it short.
func bytesText(n float64) string {
	switch {
	case n >= 1e8:
		return amount(n/1e9, "GB")
	case n >= 1e5:
		return amount(n/1e6, "MB")
	case n >= 1e3:
		return amount(n/1e3, "kB")
	default:
		return amount(n, "B")
	}
}

// PrintMarkdown prints a table that can be read as it is and pasted into a document. The
// first row is its head.
func PrintMarkdown(w io.Writer, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range rows {
		for i, cell := range row {
			fmt.Fprintf(w, "| %s%s ", cell, strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
		}
		fmt.Fprintln(w, "|")
		if n > 0 {
			continue
		}
		for _, width := range widths {
			fmt.Fprintf(w, "|%s", strings.Repeat("-", width+2))
		}
		fmt.Fprintln(w, "|")
	}
}
