package view

import "winnow/hygiene"

// Counting is how far a pass is that runs beside a page, which shows its result later.
type Counting struct {
	Waiting bool            // other passes come first
	Done    int64           // contacts
	Of      int64           // contacts; 0 if not known
	Begun   hygiene.Instant // when it was asked for
}
