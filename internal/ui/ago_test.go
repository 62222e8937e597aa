package ui

import (
	"testing"
	"time"
)

func TestAgesAreWrittenInTheirLargestUnit(t *testing.T) {
	for span, want := range map[time.Duration]string{
		0: "now", 400 * time.Millisecond: "now", time.Second: "1 second ago", 59 * time.Second: "59 seconds ago", 90 * time.Second: "1 minute ago",
		-time.Hour: "in 1 hour", 47 * time.Hour: "1 day ago", 2000 * 24 * time.Hour: "2,000 days ago",
	} {
		if got := Ago(span); got != want {
			t.Errorf("%v is %q, want %q", span, got, want)
		}
	}
}
