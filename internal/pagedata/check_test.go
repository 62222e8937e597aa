package pagedata

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/console/view"
	"winnow/store/storetest"
)

// pasted checks a config as the page does, and waits for what is found.
func pasted(t *testing.T, s *Source, text string) view.Checked {
	t.Helper()
	id, err := s.Check(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.Passes.get(checkKey(id)).ended:
	case <-time.After(time.Minute):
		t.Fatal("the check does not end: it waits for something")
	}
	c, err := s.Checked(t.Context(), id)
	if err != nil || c.Failed != "" {
		t.Fatalf("%q, %v", c.Failed, err)
	}
	return c
}

// oneBounced has a policy in force, and a contact that it suppressed.
func oneBounced(t *testing.T) (*Source, *app.Operations, string) {
	t.Helper()
	s, ops := sourceOf(t)
	apptest.Bounce(t, ops.Store, storetest.Start, "ann")
	if _, err := ops.Sweep(t.Context(), storetest.Start+1); err != nil {
		t.Fatal(err)
	}
	if err := ops.Store.SetPolicyInForce(ops.Config.Hash); err != nil {
		t.Fatal(err)
	}
	return s, ops, string(ops.Config.Text)
}

func TestAPastedConfigIsComparedAndChangesNothing(t *testing.T) {
	s, ops, text := oneBounced(t)
	before := storetest.Dump(t, ops.Store)
	changed := strings.Replace(text, "{name: hard, when: {outcome: hard_bounce}", "{name: harder, when: {outcome: hard_bounce, count: 3}", 1)
	c := pasted(t, s, changed)
	if c.Plan == nil || c.Same || c.Diff == nil || len(c.Problems) != 0 || !strings.Contains(c.Plan.Summary, "1 to release") {
		t.Fatalf("%+v, %+v", c, c.Plan)
	}
	if len(c.Diff.Rules) != 2 || c.Diff.Rules[0].Edit != "new" || c.Diff.Rules[0].After != "After 3 hard bounces: suppress permanently as hard_bounce" || c.Diff.Rules[1].Edit != "gone" {
		t.Errorf("the rules that changed: %+v", c.Diff.Rules)
	}
	sample := ""
	for _, r := range c.Plan.Rules {
		sample += strings.Join(r.Sample, "")
	}
	if sample != "ann" {
		t.Errorf("samples %q of %+v", sample, c.Plan.Rules)
	}
	if same := pasted(t, s, text); !same.Same || same.Plan != nil {
		t.Errorf("the policy in force: %+v", same)
	}
	if after := storetest.Dump(t, ops.Store); after != before {
		t.Error("a check changed the store")
	}
}

func TestProblemsOfAPastedConfigHaveTheirPlaceAndACaret(t *testing.T) {
	s, _, text := oneBounced(t)
	c := pasted(t, s, strings.Replace(text, "outcome: hard_bounce}", "outcome: hard_bouncy}", 1))
	if c.Plan != nil || len(c.Problems) != 1 || !strings.HasPrefix(c.Problems[0], "pasted:9:") || !strings.Contains(c.Problems[0], "^") {
		t.Errorf("%q", c.Problems)
	}
}

func TestAPastedConfigOpensNoFileAndReadsNoEnvironment(t *testing.T) {
	s, _, text := oneBounced(t)
	t.Setenv("WINNOW_TEST_SECRET", "a-secret-of-the-daemon")
	pipe := filepath.Join(t.TempDir(), "pipe") // opening it would wait for a writer
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	sealed := strings.NewReplacer(
		"admin: {listen: \"127.0.0.1:0\", token: "+apptest.AdminToken, fmt.Sprintf("tls: {cert: %[1]s, key: %[1]s}\nstore: sqlite://%[1]s\nbackup: {schedule: \"30 3 * * *\", to: %[1]s}\nadmin: {listen: \"127.0.0.1:0\", tls: {cert: %[1]s, key: %[1]s}, token_file: %[1]s", pipe),
		"tokens: ["+apptest.Token+"]", fmt.Sprintf("tokens: [\"${WINNOW_TEST_SECRET}\"], tokens_file: %s", pipe),
	).Replace(text) + fmt.Sprintf(`exports:
  - {name: x, schedule: "0 2 * * *", segments: [reachable], formats: [csv], to: [%[1]s, {url: "sftp://u@example.com/x", key_file: %[1]s, known_hosts: %[1]s}, {url: "sftp://u@example.com/y", password_file: %[1]s, known_hosts: %[1]s}]}
`, pipe)
	if strings.Contains(text, "exports:") {
		before, _, _ := strings.Cut(sealed, "exports:")
		sealed = before + sealed[strings.LastIndex(sealed, "exports:"):]
	}
	c := pasted(t, s, sealed)
	if len(c.Problems) != 0 || c.Summary == "" {
		t.Errorf("problems: %s", strings.Join(c.Problems, "\n"))
	}
	for _, name := range []string{"timezone: ${WINNOW_TEST_SECRET}", "listen: ${WINNOW_TEST_SECRET}", "store: sqlite://${WINNOW_TEST_SECRET}"} {
		c := pasted(t, s, name+"\n"+text)
		if all := fmt.Sprintf("%+v", c); strings.Contains(all, "a-secret-of") || len(c.Problems) == 0 {
			t.Errorf("%s: %s", name, all)
		}
	}
}

func TestTheDifferenceOfTwoPoliciesStarsOutTheirSecrets(t *testing.T) {
	s, ops, text := oneBounced(t)
	c := pasted(t, s, strings.Replace(text, apptest.Token, "another-token-9876543210", 1)+"# more\n")
	if all := fmt.Sprintf("%+v", *c.Diff); strings.Contains(all, "another-token") || strings.Contains(all, apptest.Token) || !strings.Contains(all, "# more") {
		t.Errorf("the difference shows a token, or not the change: %s", all)
	}
	p, err := s.Policy(t.Context(), ops.Config.Hash[:6])
	if err != nil || strings.Contains(p.Text, apptest.Token) || !p.InForce {
		t.Errorf("%+v, %v", p, err)
	}
	for _, hash := range []string{"", "zz", "../../etc/passwd", "0000"} {
		if _, err := s.Policy(t.Context(), hash); err == nil {
			t.Errorf("%q is found", hash)
		}
	}
}

func TestTheRulesSayWhatTheyDo(t *testing.T) {
	s, _, _ := oneBounced(t)
	r, err := s.Rules(t.Context())
	if err != nil || len(r.Rules) != 2 || r.Rules[0].Words != "After a hard bounce: suppress permanently as hard_bounce" || r.Since == 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAllWarningsAreCountedAndTheFirstAreShown(t *testing.T) {
	s, _, text := oneBounced(t)
	rules := "  rules:\n"
	for i := range maxProblems + 7 {
		rules += fmt.Sprintf("    - {name: rule-%d, when: {outcome: hard_bounce, count: %d}, then: {suppress: {reason: r%d}}}\n", i, i%16+1, i)
	}
	c := pasted(t, s, strings.Replace(text, "  rules:\n", rules, 1))
	if len(c.Warnings) != maxProblems || c.MoreWarnings < 7 {
		t.Errorf("%d warnings and %d more, problems %q", len(c.Warnings), c.MoreWarnings, c.Problems)
	}
}
