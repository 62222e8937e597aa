package wording_test

import (
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/wording"
)

func counting(o hygiene.Outcome, n int, within time.Duration) hygiene.Counting {
	return hygiene.Counting{Outcomes: hygiene.OutcomesOf(o), Count: n, Within: within}
}

func TestRulesReadAsSentences(t *testing.T) {
	soft := counting(hygiene.SoftBounce, 3, 14*hygiene.Day)
	apart := counting(hygiene.SoftBounce, 7, 0)
	apart.Since, apart.Apart, apart.Codes = hygiene.OutcomesOf(hygiene.Delivered), 6*time.Hour, []string{"1404", "1405"}
	bounce := hygiene.Counting{Outcomes: hygiene.OutcomesOf(hygiene.HardBounce, hygiene.InvalidNumber), Count: 1, Source: "insider"}
	quiet := hygiene.All{hygiene.OutcomeTest{Counting: counting(hygiene.Sent, 5, 180*hygiene.Day)}, hygiene.Not{Of: hygiene.OutcomeTest{Counting: counting(hygiene.Delivered, 1, 180*hygiene.Day)}}}
	for want, r := range map[string]hygiene.Rule{
		"After 3 soft bounces within 14 days: suppress for 90 days as soft_bounce": {
			When: &hygiene.When{Counting: soft}, Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "soft_bounce", For: 90 * hygiene.Day}}},
		"After 7 soft bounces with the code 1404 or 1405 since the last delivery, at least 6 hours apart: tag as tired; remove the tag fresh": {
			When: &hygiene.When{Counting: apart}, Then: hygiene.Action{Tag: "tired", Untag: "fresh"}},
		"After a hard bounce or an invalid number from insider, of a contact that has country \"TR\": suppress permanently as hard_bounce": {
			When: &hygiene.When{Counting: bounce}, Where: hygiene.AttributeTest{Name: "country", Comparison: hygiene.Comparison{Op: hygiene.Is, Values: []hygiene.Value{hygiene.ParseValue("TR")}}},
			Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "hard_bounce"}}},
		"After a soft bounce: retry after 4 hours, 1 day and then 1 day 12 hours": {
			When: &hygiene.When{Counting: counting(hygiene.SoftBounce, 1, 0)}, Then: hygiene.Action{Retry: &hygiene.RetryAction{After: []time.Duration{4 * time.Hour, 24 * time.Hour, 36 * time.Hour}}}},
		"After a delivery: lift soft_bounce and dormant": {
			When: &hygiene.When{Counting: counting(hygiene.Delivered, 1, 0)}, Then: hygiene.Action{Release: []string{"soft_bounce", "dormant"}}},
		"At each review, of a contact that had at least 5 sent messages within 180 days and had no delivery within 180 days: suppress permanently as dormant": {
			Where: quiet, Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "dormant"}}},
	} {
		if got := wording.Rule(&r); got != want {
			t.Errorf("it reads\n%s\nwant\n%s", got, want)
		}
	}
}

func TestConditionsReadAsSentences(t *testing.T) {
	silent := counting(hygiene.Sent, 1, 0)
	silent.Silent = 72 * time.Hour
	active := hygiene.StatusTest{hygiene.Active, hygiene.RetryDue}
	age := func(op hygiene.Operator, v string) hygiene.AttributeTest {
		return hygiene.AttributeTest{Name: "age", Comparison: hygiene.Comparison{Op: op, Values: []hygiene.Value{hygiene.ParseValue(v)}}}
	}
	for want, c := range map[string]hygiene.Condition{
		"had a sent message, unanswered for 3 days":                                  hygiene.OutcomeTest{Counting: silent},
		"is active or due for a retry":                                               active,
		"is not active or due for a retry":                                           hygiene.Not{Of: active},
		"is suppressed for hard_bounce or dormant":                                   hygiene.ReasonTest{"hard_bounce", "dormant"},
		"has the tag vip and (is on the list staff or is in the segment buyers)":     hygiene.All{hygiene.TagTest("vip"), hygiene.Any{hygiene.ListTest("staff"), hygiene.SegmentTest("buyers")}},
		"has not the tag vip":                                                        hygiene.Not{Of: hygiene.TagTest("vip")},
		"is not one that (has age of at least 18 or was last seen over 30 days ago)": hygiene.Not{Of: hygiene.Any{age(hygiene.AtLeast, "18"), hygiene.SeenTest{OlderThan: 30 * hygiene.Day}}},
		"was first seen within 7 days":                                               hygiene.SeenTest{First: true, Within: 7 * hygiene.Day},
		"has a key that starts with \"+90\"":                                         hygiene.ContactTest{Comparison: hygiene.Comparison{Op: hygiene.StartsWith, Values: []hygiene.Value{hygiene.ParseValue("+90")}}},
		"has not the attribute age":                                                  hygiene.AttributeTest{Name: "age", Comparison: hygiene.Comparison{Op: hygiene.Exists}},
		"had fewer than 3 clicks within 2 days":                                      hygiene.Not{Of: hygiene.OutcomeTest{Counting: counting(hygiene.Clicked, 3, 2*hygiene.Day)}},
	} {
		if got := wording.Condition(c); got != want {
			t.Errorf("it reads\n%s\nwant\n%s", got, want)
		}
	}
}
