package view

import "winnow/hygiene"

// Silent is how many messages were sent and had no terminal event.
type Silent struct {
	AsOf     hygiene.Instant  `json:"as_of"`
	After    string           `json:"silent_after"` // how long after the sending
	Messages int64            `json:"messages"`
	Sources  map[string]int64 `json:"sources"`
	Days     []SilentDay      `json:"days"`
}

// SilentDay is how many messages of a source and a day are silent.
type SilentDay struct {
	Source   string `json:"source"`
	Day      string `json:"day"` // of the sending
	Messages int64  `json:"messages"`
}
