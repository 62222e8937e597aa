package command

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runTests runs winnow test with config.example.yaml.
func runTests(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), append([]string{"test", "-c", "../../config.example.yaml"}, args...), Process{Stdout: &out, Stderr: &errs})
	return status, out.String(), errs.String()
}

func TestTheExampleConfigPassesItsRuleTests(t *testing.T) {
	status, stdout, stderr := runTests(t, "../../hygiene/ruletest/example.yaml")
	if status != exitOK || stderr != "" || strings.Contains(stdout, "failed") {
		t.Errorf("exit %d\n%s%s", status, stdout, stderr)
	}
	if strings.Contains(stdout, "no test") {
		t.Errorf("the tests do not cover everything:\n%s", stdout)
	}
}

func TestAChangeOfAnyRuleOfTheExampleConfigFailsItsRuleTests(t *testing.T) {
	text, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{
		"after: [4h, 24h, 72h]":                  "after: [4h, 24h, 96h]",
		"count: 4, within: 14d":                  "count: 4, within: 5d",
		"reason: soft_bounce, for: 180d":         "reason: soft_bounce, for: 181d",
		"release: {reasons: [soft_bounce]}":      "release: {reasons: [soft_bounce, hard_bounce]}",
		"release: {reasons: [opted_out]}":        "release: {reasons: [dormant]}",
		"{outcome: sent, count: 5":               "{outcome: sent, count: 6",
		"outcome: [hard_bounce, invalid_number]": "outcome: [hard_bounce]",
		"code: 1499, outcome: soft_bounce":       "code: 1499, outcome: dropped",
		"within: 90d":                            "within: 89d",
		"when: {outcome: carrier_violation":      "when: {outcome: carrier_violation, source: insider",
	} {
		changed := strings.Replace(string(text), from, to, 1)
		if changed == string(text) {
			t.Fatalf("the example config has no %q", from)
		}
		path := filepath.Join(t.TempDir(), "winnow.yaml")
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		want := exitFailed
		if strings.Contains(to, "source") { // the same rule in other words
			want = exitOK
		}
		if status, stdout, stderr := runTests(t, "-c", path, "../../hygiene/ruletest/example.yaml"); status != want || stderr != "" {
			t.Errorf("%s: exit %d\n%s%s", to, status, stdout, stderr)
		}
	}
}

func TestJSONOfTestsHasNoNullLists(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.yaml"), filepath.Join(dir, "bad.yaml")
	if err := os.WriteFile(good, []byte("tests: [{name: a, never: suppressed}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bad, []byte("tests: []"), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]int{good: exitOK, bad: exitFailed} {
		status, stdout, stderr := runTests(t, "--json", file)
		if status != want || stderr != "" || !json.Valid([]byte(stdout)) || strings.Contains(stdout, "null") {
			t.Errorf("%s: exit %d\n%s%s", file, status, stdout, stderr)
		}
	}
}

func TestALongStoryIsPrintedWithoutItsMiddle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.yaml")
	text := "tests: [{name: a, events: {at: 0h, outcome: sent, repeat: 1000, every: 1m}, expect: {at: 1d, status: retry}}]"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stdout, _ := runTests(t, path)
	if lines := strings.Count(stdout, "\n"); lines > 60 || !strings.Contains(stdout, "  0h ") || !strings.Contains(stdout, "more lines") || !strings.Contains(stdout, "16h39m") {
		t.Errorf("%d lines:\n%s", lines, stdout)
	}
}
