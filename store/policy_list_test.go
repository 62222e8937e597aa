package store_test

import (
	"errors"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

// keepPolicies keeps some, in their order, each a second after the one before.
func keepPolicies(t *testing.T, s *store.Store, texts map[string]string, order ...string) {
	t.Helper()
	for i, hash := range order {
		if err := s.SavePolicy(hash, []byte(texts[hash]), hygiene.Instant(1+i)*1_000_000); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPoliciesAreListedTheLatestFirst(t *testing.T) {
	s := storetest.Open(t)
	if list, err := s.Policies(); err != nil || len(list) != 0 {
		t.Errorf("of a new store: %v, %v", list, err)
	}
	keepPolicies(t, s, nil, "aaa111", "aab222", "ccc333", "aaa111")
	list, err := s.Policies()
	if err != nil {
		t.Fatal(err)
	}
	want := []store.SavedPolicy{{"ccc333", 3_000_000, false}, {"aab222", 2_000_000, false}, {"aaa111", 1_000_000, false}}
	if len(list) != 3 || list[0] != want[0] || list[1] != want[1] || list[2] != want[2] {
		t.Errorf("listed as %v", list)
	}
	if err := s.SetPolicyInForce("aab222"); err != nil {
		t.Fatal(err)
	}
	if list, err = s.Policies(); err != nil || list[0].InForce || !list[1].InForce || list[2].InForce {
		t.Errorf("with the second in force: %v, %v", list, err)
	}
}

func TestAPolicyIsFoundByTheBeginningOfItsHash(t *testing.T) {
	s := storetest.Open(t)
	texts := map[string]string{"aaa111": "\ufefflisten: \":1\"\r\n# ş\n\n", "aab222": "b", "ccc333": ""}
	keepPolicies(t, s, texts, "aaa111", "aab222", "ccc333")
	for prefix, hash := range map[string]string{"aaa": "aaa111", "aaa111": "aaa111", "aab": "aab222", "c": "ccc333"} {
		p, text, err := s.PolicyText(prefix)
		if err != nil || p.Hash != hash || text != texts[hash] {
			t.Errorf("%s: %v, %q, %v", prefix, p, text, err)
		}
	}
	for _, prefix := range []string{"b", "aaa1111", "%", "a_a", "*"} {
		if _, _, err := s.PolicyText(prefix); !errors.Is(err, store.ErrNoPolicy) {
			t.Errorf("%s: %v", prefix, err)
		}
	}
	for _, prefix := range []string{"aa", ""} {
		if _, text, err := s.PolicyText(prefix); err == nil || errors.Is(err, store.ErrNoPolicy) || text != "" || !strings.Contains(err.Error(), "give more") {
			t.Errorf("%q is not one: %q, %v", prefix, text, err)
		}
	}
}
