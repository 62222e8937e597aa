package simulate

import (
	"time"

	"winnow/internal/simulate/traffic"
	"winnow/internal/ui"
)

// Options say what is simulated.
type Options struct {
	Traffic traffic.Options
	Rate    float64       // callbacks a second; 0 for as fast as they are answered
	Count   int64         // events; 0 for no limit
	For     time.Duration // how long, or how long at each rate; 0 for no limit
	Within  time.Duration // find the greatest rate of which 99 of 100 callbacks are answered within this; 0 for not
	Days    int           // over which the times of events are spread, up to now

	Connections int
	Timeout     time.Duration   // of one request
	Retries     []time.Duration // when a callback is sent again that was not stored, each counted from the try before

	To, TokenFile string // the beginning of a callback URL, and the file of its token
	Live          bool   // the daemon of Config
	Copy          bool   // a throw-away daemon with the sources and rules of Config
	Config        string // path of a config
	Source        string // of the config; "" for its only one
	Preset        string
	Contact       string // where the contact is in the preset's callbacks; "" for as the preset says
	File          string // an archive that is written instead of sending
	Answered      string // a file for what was answered; "" for none
	SendLog       string // a file for the send log; "" for none
	Apply         bool   // send to a daemon that is not a throw-away one
	Keep          bool   // keep the folder of a throw-away daemon

	Example []byte // config.example.yaml
	Program string // the path of this program, to start daemons with
}

// The defaults of what is not said.
const (
	defaultFor         = 10 * time.Second
	defaultStep        = 5 * time.Second // at each rate
	defaultDays        = 30
	defaultInFile      = 100_000
	mostConnections    = 10_000
	badWithoutDays     = .1 // of the run, the length of a bad hour when no time is spread
	hoursOfDay         = 24
	mostDays           = 3650
	mostRate           = 1e6
	mostNumberOfEvents = 1 << 32
)

// Complete checks options that may contradict each other, and fills in what is not said. Its
// errors are those of a wrong command line.
func (o *Options) Complete() error {
	where := 0
	for _, said := range []bool{o.Copy, o.Live, o.To != "", o.File != ""} {
		if said {
			where++
		}
	}
	switch {
	case where > 1:
		return ui.Usagef("--copy, --live, --to and --file say where callbacks go; write one of them")
	case o.Connections < 1 || o.Connections > mostConnections:
		return ui.Usagef("--connections is from 1 to %s", ui.Number(mostConnections))
	case !(o.Rate >= 0 && o.Rate <= mostRate):
		return ui.Usagef("--rate is from 0 to %s callbacks a second", ui.Number(mostRate))
	case o.Count < 0 || o.Count > mostNumberOfEvents:
		return ui.Usagef("--count is from 1 to %s", ui.Number(mostNumberOfEvents))
	case o.Within > 0 && (o.File != "" || o.Count > 0 || o.Days > 0 || o.Traffic.Bad.Count > 0):
		return ui.Usagef("--find-limit tries one rate after the other; leave out --count, --days, --bad-hours and --file")
	case o.Days < 0 || o.Days > mostDays:
		return ui.Usagef("--days is from 0 to %s", ui.Number(mostDays))
	case o.File != "" && (o.Rate > 0 || o.For > 0):
		return ui.Usagef("a file is written as fast as it can be; leave --rate and --for out, and write --count and --days")
	case o.Keep && (o.Live || o.To != "" || o.File != ""):
		return ui.Usagef("--keep is about a throw-away daemon, which --live, --to and --file do without")
	}
	if o.File != "" && o.Count == 0 {
		o.Count = defaultInFile
	}
	if o.File != "" && o.Days == 0 {
		o.Days = defaultDays
	}
	if o.Count == 0 && o.For == 0 {
		if o.For = defaultFor; o.Within > 0 {
			o.For = defaultStep
		}
	}
	return o.expect()
}

// expect works out how many events there will be, which spreads bad hours and days over them.
func (o *Options) expect() error {
	o.Traffic.Total = o.Count
	if within := int64(o.Rate * o.For.Seconds() / (1 + o.Traffic.Repeats)); within > 0 && (o.Count == 0 || within < o.Count) {
		o.Traffic.Total = within
	}
	if o.Traffic.Total == 0 && (o.Traffic.Bad.Count > 0 || o.Days > 0) {
		return ui.Usagef("bad hours and days are spread over the run, so say how long that is: --count, or --rate with --for")
	}
	o.Traffic.Bad.Length = badWithoutDays
	if o.Days > 0 {
		o.Traffic.Bad.Length = 1 / float64(hoursOfDay*o.Days)
	}
	return nil
}
