package lint

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"winnow/internal/config"
)

// A config that a program wrote must not keep a daemon from starting, nor one of its
// cores busy at every reload.
func TestTheTimeOfACheckGrowsWithTheFile(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time, which the race detector changes")
	}
	const rules = "sources: [{name: i, preset: insider, tokens: [\"${T}\"]}]\nhygiene:\n rules:\n"
	lines := func(head, line string) func(n int) string {
		return func(n int) string {
			var b strings.Builder
			b.WriteString(head)
			for i := range n {
				fmt.Fprintf(&b, line+"\n", i, i, i%15+2)
			}
			return b.String()
		}
	}
	for name, text := range map[string]func(n int) string{
		"rules that tag":      lines(rules, " - {name: r%d, when: {outcome: sent, count: %[3]d}, then: {tag: t%[2]d}}"),
		"rules that retry":    lines(rules, " - {name: r%d, when: {outcome: soft_bounce}, then: {retry: {after: [%[2]dh]}}} # %[3]d"),
		"rules that suppress": lines(rules, " - {name: r%d, when: {outcome: sent, codes: [%[2]d]}, then: {suppress: {reason: a%[2]d}}} # %[3]d"),
		"rules of the review": lines(rules, " - {name: r%d, where: {attribute: a%[2]d, is: x}, then: {tag: t}} # %[3]d"),
		"tags that are near":  lines(rules, " - {name: r%d, when: {outcome: sent}, then: {tag: tag-%[2]d, untag: tug-%[2]d}} # %[3]d"),
		"a chain of segments": func(n int) string {
			var b strings.Builder
			b.WriteString("segments:\n - {name: s0, where: {status: active}}\n")
			for i := range n {
				fmt.Fprintf(&b, " - {name: s%d, where: {segment: s%d}}\n", i+1, i)
			}
			return b.String()
		},
		"a cycle of segments": func(n int) string {
			var b strings.Builder
			b.WriteString("segments:\n")
			for i := range n {
				fmt.Fprintf(&b, " - {name: s%d, where: {any: [{segment: s%d}, {segment: s0}]}}\n", i, (i+1)%n)
			}
			return b.String()
		},
		"unknown segments":  lines("segments:\n", " - {name: s%d, where: {segment: z%[2]d}} # %[3]d"),
		"broken keys":       lines("", "k%d: %d # %d"),
		"broken keys below": lines("sources:\n - name: a\n", "   k%d: %d # %d"),
		"deltas":            func(n int) string { return deltas(n / 4) },
	} {
		took := func(n int) time.Duration {
			content, begin := []byte(text(n)), cpuTime(t)
			if c, err := config.Parse("winnow.yaml", content, config.Options{Env: environment}); err == nil {
				Check(c, schedules)
			}
			return cpuTime(t) - begin
		}
		tooLong := func(small, large time.Duration) bool { // 4 times if linear, 16 if quadratic
			return large > 10*small && large > 100*time.Millisecond
		}
		small, large := took(600), took(2400)
		for range 2 { // something else may have run in between
			if tooLong(small, large) {
				small, large = min(small, took(600)), min(large, took(2400))
			}
		}
		if tooLong(small, large) {
			t.Errorf("%s: 600 take %s, 2,400 take %s", name, small, large)
		}
	}
}

// cpuTime is the time that the process has computed, whatever else the machine does.
func cpuTime(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func deltas(n int) string {
	var b, names strings.Builder
	b.WriteString("segments:\n")
	for i := range n {
		fmt.Fprintf(&b, " - {name: s%d, where: {status: active}}\n", i)
		fmt.Fprintf(&names, "s%d, ", i)
	}
	fmt.Fprintf(&b, "exports: [{name: n, schedule: '0 2 * * *', to: [x], segments: [%s], delta: [%[1]s]}]\n", names.String())
	return b.String()
}
