package erasure

// Counts is how much was erased, or would be.
type Counts struct {
	Contacts    int64 `json:"contacts"`
	Keys        int64 `json:"keys"`
	Numbers     int64 `json:"numbers"`
	Lists       int64 `json:"lists"`
	Pins        int64 `json:"pins"`
	Ledger      int64 `json:"ledger"` // entries
	Messages    int64 `json:"messages"`
	Events      int64 `json:"events"`
	Bodies      int64 `json:"bodies"` // of events of others
	Quarantined int64 `json:"quarantined"`
	Conflicts   int64 `json:"conflicts"`
	Notes       int64 `json:"notes"`
	Members     int64 `json:"members"` // lists of members
	Outbox      int64 `json:"outbox"`  // runs that wait for a remote
	Runs        int64 `json:"runs"`    // kept runs that were written anew

	Left    []string `json:"left,omitempty"`    // kept runs that have a person
	Remotes []string `json:"remotes,omitempty"` // that may have copies
	// Receivers are hosts that may have callbacks about the person.
	Receivers []string `json:"receivers,omitempty"`
}

// Plus adds counts.
func (c Counts) Plus(d Counts) Counts {
	return Counts{Left: append(c.Left, d.Left...), Remotes: append(c.Remotes, d.Remotes...), Receivers: append(c.Receivers, d.Receivers...), Contacts: c.Contacts + d.Contacts, Keys: c.Keys + d.Keys, Numbers: c.Numbers + d.Numbers, Lists: c.Lists + d.Lists, Pins: c.Pins + d.Pins, Ledger: c.Ledger + d.Ledger,
		Messages: c.Messages + d.Messages, Events: c.Events + d.Events, Bodies: c.Bodies + d.Bodies, Quarantined: c.Quarantined + d.Quarantined, Conflicts: c.Conflicts + d.Conflicts, Notes: c.Notes + d.Notes,
		Members: c.Members + d.Members, Outbox: c.Outbox + d.Outbox, Runs: c.Runs + d.Runs}
}

// Counted is how much of one kind was erased.
type Counted struct {
	Name string // of several
	N    int64
}

// Places lists the counts in words.
func (c *Counts) Places() []Counted {
	return []Counted{{"contacts", c.Contacts}, {"keys", c.Keys}, {"phone numbers", c.Numbers}, {"static lists", c.Lists}, {"pins", c.Pins}, {"notes in the ledger", c.Ledger},
		{"messages of the send log", c.Messages}, {"events", c.Events}, {"bodies of other events", c.Bodies}, {"bodies in quarantine", c.Quarantined},
		{"conflicts", c.Conflicts}, {"notes about others", c.Notes}, {"lists of members", c.Members}, {"runs that wait for a remote", c.Outbox}, {"kept runs", c.Runs}}
}
