package hygiene

// What the tests of package forecast use, which are beside these because they need the
// same random histories.
var (
	CountingOf     = counting
	SuppressFor    = suppressFor
	ReleaseOf      = release
	ForRandomLives = forRandomLives
	RandomEvents   = randomEvents
	Displace       = displace
	ApplyDisturbed = applyDisturbed
	StateText      = stateText
	ExamplePolicy  = examplePolicy
	Edited         = edited
	NewScenario    = newScenario
	DayOf          = day
)

// Scenario is a contact under a policy, event by event.
type Scenario = scenario

// Start and OutcomeEnd are those of the tests of this package.
const (
	Start      = start
	OutcomeEnd = outcomeEnd
)

func (c *Contact) Clone() *Contact      { return c.clone() }
func (c *Contact) LatestMoment() Moment { return c.latest() }

func (s *scenario) Happens(d float64, o Outcome, source string) []Change {
	return s.happens(d, o, source)
}
func (s *scenario) Contact() *Contact { return &s.c }
func (s *scenario) Policy() *Policy   { return s.p }
func (s *scenario) Seq() int64        { return s.seq }
