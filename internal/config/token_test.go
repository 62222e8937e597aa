package config

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

func TestATokenThatCanBeGuessedIsRefused(t *testing.T) {
	for _, token := range []string{
		"1111111111111111", "abababababababab", "passwordpassword", "YOUR-TOKEN-YOUR-TOKEN", "changeme-changeme", "Change_Me.1234567890", "my-token-000000000000",
		"aaaaaaaabbbbbbbbcccc", "1234512345123451234", "your_token_goes_here", "abcdefgh-abcdefgh-abcdefgh-a",
	} {
		text := fmt.Sprintf("sources: [{name: a, preset: insider, tokens: [%q]}]\nadmin: {token: %q}", token, token)
		for _, p := range problemsOf(t, text) {
			if strings.Contains(p.String(), token) {
				t.Errorf("%s is shown: %s", token, p.String())
			}
		}
		list := problemsOf(t, fmt.Sprintf("sources: [{name: a, preset: insider, tokens: [%q]}]", token))
		if len(list) != 1 || !strings.Contains(list[0].Text, "can be guessed") || list[0].Path != `sources[0] "a".tokens[0]` {
			t.Errorf("%s: %v", token, list)
		}
	}
}

func TestARandomTokenIsAccepted(t *testing.T) {
	for range 20_000 {
		var b [16]byte
		rand.Read(b[:])
		for _, token := range []string{hex.EncodeToString(b[:]), base64.RawURLEncoding.EncodeToString(b[:])} {
			if why := weakness(token); why != "" {
				t.Fatalf("%s: %s", token, why)
			}
		}
	}
}

// An upgrade must not stop a daemon whose provider has had the token for years.
func TestAWeakTokenOfAFileThatWasInForceIsAWarning(t *testing.T) {
	text := []byte(`sources: [{name: a, preset: insider, tokens: ["1111111111111111"]}]`)
	o := options
	o.WasInForce = true
	c, err := Parse("winnow.yaml", text, o)
	if err != nil || len(c.Sources[0].Tokens) != 1 {
		t.Fatalf("%v, %+v", err, c)
	}
	want := `winnow.yaml:1:47: sources[0] "a".tokens[0]: warning: the token can be guessed: it repeats its first characters 16 times (make one with: openssl rand -hex 16)`
	if len(c.Accepted) != 1 || c.Accepted[0].Sentence() != want {
		t.Errorf("got %v", c.Accepted)
	}
}
