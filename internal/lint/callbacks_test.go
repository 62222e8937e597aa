package lint_test

import (
	"slices"
	"testing"

	"winnow/internal/config"
	"winnow/internal/lint"
)

func TestEverySourceSaysWhetherItsCallbacksAreVerified(t *testing.T) {
	cfg, err := config.Parse("winnow.yaml", []byte(`sources:
  - {name: a, preset: twilio, tokens: [a7kq2m9xnbv4ctz1w0], public_url: "https://sms.example.com", signature: {secret: a-secret}}
  - {name: b, preset: sinch, tokens: [b7kq2m9xnbv4ctz1w0], signature: {secret: a-secret, require: false}}
  - {name: c, preset: sinch, tokens: [c7kq2m9xnbv4ctz1w0]}
  - {name: d, preset: verimor, tokens: [d7kq2m9xnbv4ctz1w0]}
  - {name: e, read: {id: id, event: event}, tokens: [e7kq2m9xnbv4ctz1w0]}
`), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"source a: callbacks are verified with signature.secret",
		"source a: not confirmed: The zone of RawDlrDoneDate is not stated, so it is shown and not used. winnow source show twilio says more.",
		"source b: callbacks are verified with signature.secret if they are signed; those without a signature are read, too",
		"source c: callbacks are not verified, though they are signed",
		"source d: callbacks can't be verified (verimor has no signature), so the token in the URL is all that proves where they come from",
		"source e: callbacks can't be verified (read has no signature), so the token in the URL is all that proves where they come from",
	}
	if got := lint.Sentences(cfg); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if all := lint.CallbacksOf(cfg); len(all) != 5 || !all[0].Verified || all[2].Verified || all[1].With != "secret" {
		t.Errorf("%+v", all)
	}
}
