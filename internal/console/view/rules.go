package view

import "winnow/hygiene"

// PolicyRules is the policy in force, with what its rules did.
type PolicyRules struct {
	AsOf  hygiene.Instant
	Hash  string
	Since hygiene.Instant // when it was first used; 0 if it was not yet
	File  string
	Rules []Rule
	// CountedSince is when figures began to be counted, if that is within their 90 days; 0
	// if it is not.
	CountedSince hygiene.Instant
}

// Rule is a rule of the policy in force.
type Rule struct {
	Name, Words string
	Reason      string     // for which it suppresses; empty for a rule that does not
	Protected   bool       // the reason is
	Held        []RuleHold // why its verdicts are held
	Figures     *RuleFigures
}

// RuleHold is a surge that holds verdicts of a rule.
type RuleHold struct {
	Surge int64  // its number
	Why   string // in words
}

// RuleFigures is what became of the contacts that a rule suppressed.
type RuleFigures struct {
	Acted      int64
	Right      int64   // followed by what proved it right
	Regretted  int64   // followed by a delivery that proved it wrong
	Unmeasured int64   // followed by neither
	Share      float64 // 0 to 1, regretted of all
	Coverage   float64 // 0 to 1, measured of all
}

// Policies are the policies that were applied, the latest first.
type Policies struct {
	AsOf     hygiene.Instant
	Policies []Policy
	More     int64 // older ones, which are not listed
}

// Policy is a policy that was applied.
type Policy struct {
	Hash    string
	Since   hygiene.Instant // when it was first used
	InForce bool
	Before  string // the hash of the one first used before it; empty for none
}

// PolicyText is a policy with its text, in which secrets are starred out.
type PolicyText struct {
	AsOf hygiene.Instant
	Policy
	Text string
}

// Diff is the difference of two texts, line by line.
type Diff struct {
	AsOf     hygiene.Instant
	From, To string // hashes
	Lines    []DiffLine
	More     int64 // lines that are left out because there are many
	Rules    []RuleEdit
	// Unreadable are the hashes of those that this version of winnow can't read, so that
	// no rules are compared.
	Unreadable []string
}

// DiffLine is a line of a difference.
type DiffLine struct {
	Kind DiffKind
	Text string
}

// DiffKind is in which text a line stands.
type DiffKind string

// The kinds of lines.
const (
	LineSame    DiffKind = "same"
	LineAdded   DiffKind = "added"
	LineRemoved DiffKind = "removed"
	LinePlace   DiffKind = "place" // where the next lines are
)

// RuleEdit is how a rule differs.
type RuleEdit struct {
	Name, Edit    string // new, changed or gone
	Before, After string // in words; empty for none
}

// Checked is what was found about a pasted config. Nothing of it is applied.
type Checked struct {
	AsOf     hygiene.Instant
	Counting *Counting // while it is checked; nil then
	Failed   string    // why it could not be checked; empty for nothing

	Problems     []string // each with its place, the line and a caret
	More         int      // problems that are left out
	Warnings     []string
	MoreWarnings int    // warnings that are left out
	Refused      string // why the store does not take it; empty for nothing
	Summary      string // what is in it; empty if it has problems
	Same         bool   // it is the policy in force
	Diff         *Diff
	Plan         *Plan
}

// Plan is what rejudging all contacts by a config would do.
type Plan struct {
	Summary  string
	Contacts int64
	Kinds    []Effect
	Rules    []PlannedRule
	Segments []PlannedSegment
	Notes    []string
	Warnings []string
}

// PlannedRule is what changes because of one rule.
type PlannedRule struct {
	Name, Edit                    string
	Suppressed, Released, Retries int64
	Sample                        []string // keys
}

// PlannedSegment is who would enter and leave a segment.
type PlannedSegment struct {
	Name, Edit    string
	Entered, Left int64
	Sample        []string // keys
}
