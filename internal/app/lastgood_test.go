package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/store"
)

const weakConfig = `# the provider has had this token for years
sources: [{name: insider, preset: insider, tokens: ["1111111111111111"]}]
hygiene: {rules: [{name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}]}
`

// withStore writes a config and makes its store, which keep is given.
func withStore(t *testing.T, text string, keep func(s *store.Store) error) Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "winnow.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(filepath.Join(filepath.Dir(path), "winnow.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := keep(s); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return Options{Path: path, Secrets: config.SecretsRequired, Fallback: WhenUnusable}
}

// An upgrade never stops a daemon: what a newer version newly refuses is a warning until
// the file changes. The first release kept the file among its policies.
func TestWhatIsNewlyRefusedIsAWarningUntilTheFileChanges(t *testing.T) {
	for name, keep := range map[string]func(s *store.Store) error{
		"this version":      func(s *store.Store) error { return s.SaveConfigFile("/etc/winnow.yaml", []byte(weakConfig), 1) },
		"the first release": func(s *store.Store) error { return s.SavePolicy("0123456789ab", []byte(weakConfig), 1) },
	} {
		o := withStore(t, weakConfig, keep)
		cfg, err := o.Load()
		if err != nil || len(cfg.Sources[0].Tokens) != 1 || len(cfg.Accepted) != 1 {
			t.Fatalf("%s: %v, %+v", name, err, cfg)
		}
		if warnings := Warnings(cfg, hygiene.Instant(0).Time()); !strings.Contains(warnings[0].Text+warnings[1].Text, "can be guessed") {
			t.Errorf("%s: nobody is warned: %v", name, warnings)
		}
		if err := os.WriteFile(o.Path, []byte(weakConfig+"# changed\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Load(); !IsProblems(err) {
			t.Errorf("%s: the changed file: %v", name, err)
		}
		// The daemon starts with the last good one, and still answers its provider.
		a, err := Open(o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if a.Broken == nil || len(a.Config.Sources[0].Tokens) != 1 {
			t.Errorf("%s: started with %+v, broken %v", name, a.Config, a.Broken)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	o := withStore(t, weakConfig, func(*store.Store) error { return nil })
	if _, err := o.Load(); !IsProblems(err) {
		t.Errorf("a file that was never in force: %v", err)
	}
}

// Policies are kept without secrets, the last good file with them.
func TestABrokenFileIsReplacedByTheLastGoodOneWithItsSecrets(t *testing.T) {
	const good = `sources: [{name: insider, preset: insider, tokens: [first-good-token-4711]}]` + "\n"
	o := withStore(t, good+"oops: [", func(s *store.Store) error {
		cfg, err := config.Parse("winnow.yaml", []byte(good), config.Options{})
		if err != nil {
			return err
		}
		if err := s.SavePolicy(cfg.Hash, cfg.Redacted(), 1); err != nil {
			return err
		}
		if err := s.SaveConfigFile("/etc/winnow.yaml", []byte("sources: []\n"), 1); err != nil {
			return err
		}
		return s.SaveConfigFile("/etc/winnow.yaml", cfg.Text, 2)
	})
	a, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if tokens := a.Config.Sources[0].Tokens; len(tokens) != 1 || tokens[0] != "first-good-token-4711" {
		t.Errorf("the tokens are %q", tokens)
	}
	if _, text, err := a.Store.LastPolicy(); err != nil || strings.Contains(text, "4711") {
		t.Errorf("the policy is kept as %s, %v", text, err)
	}
}

// Two daemons may share a store and have a config each, with ports of their own.
func TestABrokenFileIsNotReplacedByThatOfAnotherDaemon(t *testing.T) {
	const own, other = "listen: 127.0.0.1:1001\n", "listen: 127.0.0.1:1002\n"
	o := withStore(t, "oops: [", func(s *store.Store) error { return s.SaveConfigFile("/etc/other.yaml", []byte(weakConfig+other), 1) })
	path := o.Path
	s, err := store.Open(filepath.Join(filepath.Dir(path), "winnow.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(SaveLastGood(s, path, []byte(weakConfig+own), 2), s.SaveConfigFile("/etc/other.yaml", []byte(weakConfig+other), 3), s.Close()); err != nil {
		t.Fatal(err)
	}
	a, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if a.Config.Listen != "127.0.0.1:1001" {
		t.Errorf("it listens at %s", a.Config.Listen)
	}
	o.Path = filepath.Join(filepath.Dir(path), "third.yaml")
	if err := os.WriteFile(o.Path, []byte("oops: ["), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := Open(o); err == nil {
		b.Close()
		t.Errorf("a file that was never in force is replaced by that of %s", b.Config.Listen)
	}
}

// The first release named a policy by the hash of its text. After an upgrade it is the
// same policy, found by both hashes.
func TestAPolicyOfTheFirstReleaseIsTheSameAfterAnUpgrade(t *testing.T) {
	text := strings.ReplaceAll(weakConfig, "1111111111111111", "first-good-token-4711")
	o := withStore(t, text, func(s *store.Store) error {
		if err := s.SavePolicy("0123456789ab", []byte(text), 1); err != nil {
			return err
		}
		return s.SetPolicyInForce("0123456789ab")
	})
	a, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	inForce, err := a.ConfigInForce()
	if err != nil || inForce.Hash != a.Config.Hash {
		t.Errorf("the policy in force is %+v, %v, not %s", inForce, err, a.Config.Hash)
	}
	for _, hash := range []string{"0123456789ab", a.Config.Hash, a.Config.Hash[:3]} {
		if p, got, err := a.FindPolicy(hash); err != nil || p.Hash != "0123456789ab" || got != text {
			t.Errorf("%s finds %+v, %v", hash, p, err)
		}
	}
	if _, _, err := a.FindPolicy("ffffffffffff"); !errors.Is(err, store.ErrNoPolicy) {
		t.Errorf("an unknown hash: %v", err)
	}
}

func TestACheckCanBeInterrupted(t *testing.T) {
	o := withStore(t, weakConfig, func(*store.Store) error { return nil })
	ctx, cancel := context.WithCancel(t.Context())
	o.Interrupt = ctx
	if _, err := o.Load(); !IsProblems(err) {
		t.Errorf("not interrupted: %v", err)
	}
	cancel()
	if _, err := o.Load(); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// A file that is far too large is a broken file: it is not read as a whole, and the last
// good one stays.
func TestAFileThatIsTooLargeIsReplacedByTheLastGoodOne(t *testing.T) {
	good := strings.ReplaceAll(weakConfig, "1111111111111111", "first-good-token-4711")
	o := withStore(t, "store: sqlite://winnow.db\n", func(s *store.Store) error { return s.SaveConfigFile("/etc/winnow.yaml", []byte(good), 1) })
	if err := os.Truncate(o.Path, 64<<20); err != nil {
		t.Fatal(err)
	}
	a, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if a.Broken == nil || !strings.HasSuffix(a.Broken.Error(), "winnow.yaml:1:1: the file is larger than 1 MiB, the limit for a config (check the path)") || len(a.Config.Sources) != 1 {
		t.Errorf("opened with %+v, broken %v", a.Config, a.Broken)
	}
}

// A space that is taken for a mistake now was text of a file in force.
func TestAnUnusualSpaceOfAFileInForceStays(t *testing.T) {
	text := strings.ReplaceAll(weakConfig, "1111111111111111", "first-good-token-4711") + "segments: [{name: a, where: {attribute: b, in: [x,\u00a0y]}}]\n"
	o := withStore(t, text, func(s *store.Store) error { return s.SaveConfigFile("/etc/winnow.yaml", []byte(text), 1) })
	if _, err := o.Load(); err != nil {
		t.Errorf("in force: %v", err)
	}
	o = withStore(t, text, func(*store.Store) error { return nil })
	if _, err := o.Load(); !IsProblems(err) || !strings.Contains(err.Error(), "U+00A0") {
		t.Errorf("new: %v", err)
	}
}

// What a file protected stays protected, until a file names what no longer is: a reason
// that was renamed or left out must not let go of what people said.
func TestAFileThatProtectsLessIsNotPutInForce(t *testing.T) {
	config := func(head string) string {
		return "hygiene: {" + head + "rules: [{name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}]}\n"
	}
	protecting := config("protected: [marketing_opt_out], ")
	o := withStore(t, protecting, func(s *store.Store) error { return s.SavePolicy("0123456789ab", []byte(protecting), 1) })
	for name, c := range map[string]struct {
		text string
		good bool
	}{
		"left out":        {config(""), false},
		"renamed":         {config("protected: [marketing_optout], "), false},
		"more protected":  {config("protected: [legal, marketing_opt_out], "), true},
		"another is free": {config("unprotected: [legal], "), false},
		"named":           {config("unprotected: [marketing_opt_out], "), true},
		"the same":        {protecting, true},
	} {
		if err := os.WriteFile(o.Path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		for fallback := Never; fallback <= WhenUnusable; fallback++ {
			o.Fallback = fallback
			a, err := Open(o)
			if err != nil {
				if c.good || fallback != Never || !strings.Contains(err.Error(), "write hygiene.unprotected: [marketing_opt_out]") {
					t.Errorf("%s, fallback %d: %v", name, fallback, err)
				}
				continue
			}
			if (a.Broken == nil) != c.good || fallback == Never && !c.good || !c.good && !a.Config.Policy.Protects("marketing_opt_out") {
				t.Errorf("%s, fallback %d: opened with %v protected, broken %v", name, fallback, a.Config.Policy.Protected(), a.Broken)
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
