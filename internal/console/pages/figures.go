package pages

import (
	"fmt"

	"winnow/hygiene"
	"winnow/internal/console/pages/plot"
	"winnow/internal/ui"
)

// figure is one of the numbers that the overview begins with.
type figure struct {
	Name, Value string
	Class       string // good, warn, bad, or empty
	Notes       []string
}

// Figures are who may be texted and who not, whether it arrives, and what the CRM has.
func (d overview) Figures() []figure {
	return []figure{
		d.contacts("May be texted", "active", "retry"),
		d.delivered(),
		d.contacts("Not to be texted", "suppressed", "cooling"),
		d.lastFile(),
	}
}

// contacts counts the contacts of some statuses.
func (d overview) contacts(name string, statuses ...string) figure {
	var n, before int64
	for _, status := range statuses {
		n += d.Statuses[status]
		if d.Before != nil {
			before += d.Before.Statuses[status]
		}
	}
	f := figure{Name: name, Value: ui.Number(n)}
	if all := d.ContactCount(); all > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("%s of %s", ui.PercentOf(n, all), ui.Number(all)))
	}
	if d.Before != nil {
		since := "this week"
		if days := int64(d.At.Sub(d.Before.Day) / hygiene.Day); days != week {
			since = "since " + ui.Date(d.Before.Day.Time(), d.At.Time())
		}
		f.Notes = append(f.Notes, signed(n-before)+" "+since)
	}
	return f
}

// Limits from which a deliverability below that of the week before is drawn as a warning,
// and as bad: of 1.
const (
	lessDelivered     = .02
	muchLessDelivered = .05
	week              = 7 // days
)

// delivered is the deliverability of the last seven days.
func (d overview) delivered() figure {
	f := figure{Name: "Deliverability, 7 days", Value: "–"}
	if len(d.Days) < 2*week {
		f.Notes = []string{"being counted"}
		return f
	}
	days := d.Days[len(d.Days)-2*week:]
	before, last := plot.Sum(days[:week]), plot.Sum(days[week:])
	if last.Tried == 0 {
		f.Notes = []string{"nothing was sent"}
		return f
	}
	f.Value = ui.PercentOf(last.Delivered, last.Tried)
	if before.Tried == 0 {
		f.Notes = []string{fmt.Sprintf("%s of %s", ui.Number(last.Delivered), ui.Number(last.Tried))}
		return f
	}
	f.Notes = []string{ui.PercentOf(before.Delivered, before.Tried) + " the week before"}
	switch fall := plot.Share(before) - plot.Share(last); {
	case fall >= muchLessDelivered:
		f.Class = "bad"
	case fall >= lessDelivered:
		f.Class = "warn"
	}
	return f
}

// lastFile is how old the lists are that the CRM reads.
func (d overview) lastFile() figure {
	f := figure{Name: "Last file for the CRM", Value: "none yet"}
	if d.File.Export == "" {
		return f
	}
	f.Value = ui.RoughDuration(d.At.Sub(d.File.AsOf))
	f.Notes = []string{d.File.Export}
	if d.File.Late {
		f.Class = "warn"
	}
	if d.File.NextAt != 0 {
		f.Notes = append(f.Notes, "next "+ui.Clock(d.File.NextAt.Time(), d.At.Time()))
	}
	return f
}
