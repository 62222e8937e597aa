package view

import (
	"winnow/hygiene"
	"winnow/segments"
)

// SegmentList is all segments at a glance, for a page.
type SegmentList struct {
	At       hygiene.Instant // now, from which ages are counted
	Segments []SegmentSummary
}

// SegmentSummary is a segment at a glance.
type SegmentSummary struct {
	Name    string
	Words   string   // who is in it, as a sentence without its period
	Exports []string // that have it

	// Count is what was counted at CountedAt, which is 0 while that was not done yet.
	segments.Count
	CountedAt hygiene.Instant
	Counting  bool // it is being counted now

	FileRows int64              // rows in the last file that readers have
	File     segments.Reference // empty for none
	FileAsOf hygiene.Instant
}

// SegmentPage is all that a page shows of a segment.
type SegmentPage struct {
	At hygiene.Instant
	SegmentSummary
	Written []SettingText // as the config says it
	List    string        // its static list; empty for none

	// Pins and Listed are contacts that were pinned, or are on its list, as of CountedAt.
	Pins, Listed int64

	Header []string // of Shown
	Shown  [][]string
	Rest   MembersRest
}

// SettingText is one setting, as the config says it.
type SettingText struct{ Name, Text string }

// MembersRest says what the members that are shown are of all.
type MembersRest uint8

// The rests of members.
const (
	NoMoreMembers  MembersRest = iota // these are all
	MoreMembers                       // there may be more
	OnlyInLastFile                    // none was found soon, and these are keys of the last file
)
