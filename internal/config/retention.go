package config

import (
	"time"

	"winnow/internal/yamldoc"
)

// Retention is for how long the log keeps things, from their receipt on; 0 for ever.
type Retention struct{ Bodies, Events, Quarantine, Unmatched time.Duration }

var retention = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Expect: "ages like {bodies: 90d, events: 400d}",
	Hints: yamldoc.Hints{Scalar: "remove the key to keep everything"}, Fields: []yamldoc.Field{
		{Key: "bodies", Shape: span, Doc: "How long events keep their bodies, as the provider sent them. Default: as long as the events."},
		{Key: "events", Shape: span, Doc: "How long events are kept. Those on which a suppression, a tag or a retry rests stay, without their bodies. Default: forever."},
		{Key: "quarantine", Shape: span, Doc: "How long bodies stay in quarantine. Default: until there are too many."},
		{Key: "unmatched", Shape: span, Doc: "How long an event waits for its contact. After that it is deleted and never acts. Default: forever."},
	}}

func readRetention(e *yamldoc.Entry) Retention {
	return Retention{Bodies: e.Get("bodies").Duration(), Events: e.Get("events").Duration(), Quarantine: e.Get("quarantine").Duration(), Unmatched: e.Get("unmatched").Duration()}
}
