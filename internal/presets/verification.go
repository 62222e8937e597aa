package presets

import (
	"crypto/x509"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"winnow/hygiene/provider/signature"
	"winnow/internal/yamldoc"
)

var secret = &yamldoc.Shape{Kind: yamldoc.Secret, Expect: "a secret"}

// Keys of signature that say what callbacks are verified with, in the config of a source
// and in a file of examples.
var (
	SecretKeys = []yamldoc.Field{
		{Key: "secret", Shape: secret, Doc: "The secret that the provider signs with."},
		{Key: "secrets", Shape: &yamldoc.Shape{Kind: yamldoc.List, Item: secret, Min: 1, Expect: "a list of secrets"}, Doc: "Several such secrets, while one is being replaced; one that verifies is enough."},
	}
	OtherKeys = []yamldoc.Field{
		{Key: "public_key", Shape: &yamldoc.Shape{Kind: yamldoc.Text, EditorPattern: `^[A-Za-z0-9+/]{43}=$`, Expect: "a public key, 32 bytes in base64"}, Doc: "The public key of the provider, for Ed25519."},
		{Key: "basic", Shape: &yamldoc.Shape{Kind: yamldoc.Secret, Expect: `a user and a password like "user:password"`, Pattern: regexp.MustCompile(`^[^:]+:.+$`)}, Doc: "User and password that the provider sends with HTTP basic authentication; for any provider."},
		{Key: "topic", Shape: &yamldoc.Shape{Kind: yamldoc.Text, EditorPattern: `^arn:aws[a-z-]*:sns:`, Expect: "the ARN of a topic"}, Doc: "The topic of Amazon SNS that the callbacks come from."},
		{Key: "algorithm", Shape: text, Doc: "The algorithm, where the account has a choice: md5hash, md5, sha1, sha256 or sha512 with vonage-sms, sha1 or sha256 with twilio."},
	}
	RequireKey = yamldoc.Field{Key: "require", Shape: yes, Default: "true", Doc: "Whether a callback without any signature is not verified. With false, anybody who knows the URL can leave the signature out."}

	PublicURL = &yamldoc.Shape{Kind: yamldoc.Text, EditorPattern: `^https?://[^?#@]+$`, Expect: "a URL like https://sms.example.com"}
)

// Verification is how callbacks are verified.
type Verification struct {
	Scheme signature.Scheme
	Values []string // secrets and the like, without those whose variable is not set
}

// Verifies reads how callbacks are verified: the entry signature, which has [SecretKeys]
// and [OtherKeys].
type Verifies struct {
	Preset string           // for messages; empty for none
	Signs  signature.Choice // what the provider signs
	HasURL bool             // the public URL is set, or has a problem of its own
	// File reads the secrets of secret_file, and whether they are known; nil where that key
	// is none.
	File func(*yamldoc.Entry) (lines []string, known bool)
}

// Read reads the entry and reports what is wrong with it; then it returns nil.
func (v Verifies) Read(e *yamldoc.Entry) *Verification {
	need, values, unset := v.readKeys(e)
	if need == "" || !e.Valid() {
		return nil
	}
	scheme, at, problem, hint := v.pickScheme(need, e.Get("algorithm"))
	switch {
	case problem != "" && at == "":
		e.ReportWhole(problem, hint)
		return nil
	case problem != "":
		e.ReportKey(at, problem, hint)
		return nil
	case scheme.SignsURL() && !v.HasURL:
		e.ReportWhole("what is signed has the URL that the provider calls, so public_url is required", "write public_url: https://HOST, the beginning of the callback URL up to the path that winnow sees")
		return nil
	}
	if !unset {
		if _, err := signature.New(scheme, signature.Keys{Values: values, Certificate: noCertificate}); err != nil {
			e.ReportKey(written(e, need), err.Error(), "")
			return nil
		}
	}
	return &Verification{Scheme: scheme, Values: values}
}

// noCertificate knows no certificate, for checking what a file says.
func noCertificate(string) *x509.Certificate { return nil }

// pickScheme is the scheme that callbacks are verified by. A problem is at a key of the
// signature; empty for all of it.
func (v Verifies) pickScheme(need signature.Need, algorithm *yamldoc.Entry) (s signature.Scheme, at, problem, hint string) {
	if need == signature.NeedBasic {
		if algorithm != nil {
			return nil, "algorithm", "basic authentication has no algorithm", "remove it"
		}
		return signature.Basic{}, "", "", ""
	}
	name := v.Preset
	if name == "" {
		name = "this provider"
	}
	if len(v.Signs.Schemes) == 0 {
		return nil, "", name + " signs nothing that is known here", `write basic: "user:password" if it can send that, or say what it signs under read.signature; else remove signature`
	}
	s, err := v.Signs.Pick(algorithm.Text())
	switch {
	case err != nil && algorithm == nil:
		return nil, "", err.Error(), ""
	case err != nil:
		return nil, "algorithm", err.Error(), ""
	case s.Needs() != need:
		return nil, "", name + " is verified with " + string(s.Needs()) + ", not with " + string(need), "write " + exampleOf[s.Needs()]
	}
	return s, "", "", ""
}

var exampleOf = map[signature.Need]string{
	signature.NeedSecret: `secret: "${NAME}"`, signature.NeedPublicKey: `public_key: "${NAME}"`,
	signature.NeedBasic: `basic: "${NAME}"`, signature.NeedTopic: "topic: arn:aws:sns:eu-west-1:123456789012:NAME",
}

// written is the key that has the values, for messages.
func written(e *yamldoc.Entry, need signature.Need) string {
	for _, key := range []string{string(need), "secrets", "secret_file"} {
		if e.Has(key) {
			return key
		}
	}
	return string(need)
}

// readKeys reads what callbacks are verified with. unset says that some of it is not known
// here.
func (v Verifies) readKeys(e *yamldoc.Entry) (need signature.Need, values []string, unset bool) {
	set := func(as signature.Need, key string) bool {
		if need != "" && need != as {
			e.ReportKey(key, "callbacks are verified with "+string(need)+" or with "+string(as)+", not with both", "keep the one that the provider uses")
			return false
		}
		need = as
		return true
	}
	add := func(item *yamldoc.Entry) {
		if unset = unset || item.Unset(); !item.Unset() && item.Text() != "" {
			values = append(values, item.Text())
		}
	}
	for _, key := range []string{"secret", "public_key", "basic", "topic"} {
		if e.Has(key) && set(signature.Need(key), key) {
			add(e.Get(key))
		}
	}
	if e.Has("secrets") && set(signature.NeedSecret, "secrets") {
		for _, item := range e.Get("secrets").Items() {
			add(item)
		}
	}
	hint := `write secret: "${NAME}", public_key, basic or topic`
	if v.File != nil {
		hint = `write secret: "${NAME}", secret_file: FILE, public_key, basic or topic`
		if e.Has("secret_file") && set(signature.NeedSecret, "secret_file") {
			lines, known := v.File(e.Get("secret_file"))
			values, unset = append(values, lines...), unset || !known
		}
	}
	if need == "" && e.Valid() {
		e.ReportWhole("there is nothing to verify callbacks with", hint)
	}
	return need, values, unset
}

var passwordInURL = regexp.MustCompile(`://[^/]*:.*@`)

// ReadPublicURL reads the beginning of a URL; empty for none, or for one that is wrong.
func ReadPublicURL(e *yamldoc.Entry) string {
	if e == nil || e.Text() == "" {
		return ""
	}
	if passwordInURL.MatchString(e.Text()) {
		e.MarkSecret()
	}
	u, err := url.Parse(e.Text())
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "":
		e.Report(yamldoc.Quote(e.Text())+" is not a URL", "write the beginning of the callback URL, like https://sms.example.com")
	case u.User != nil:
		e.Report("public_url has no user", "write it like "+u.Scheme+"://"+u.Host)
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		e.Report("public_url ends before the query", "write it like "+u.Scheme+"://"+u.Host+u.EscapedPath())
	default:
		return strings.TrimRight(e.Text(), "/")
	}
	return ""
}

// proof is the shape of what the examples of a file are verified with.
var proof = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Expect: "what examples are verified with, like {secret: a-secret-of-tests}",
	AnyOf: []string{"secret", "secrets", "public_key", "basic", "topic"}, Fields: slices.Concat(SecretKeys, OtherKeys, []yamldoc.Field{
		RequireKey,
		{Key: "certificate", Shape: text, Doc: "The certificate that Amazon SNS signed the examples with, in PEM. winnow serve fetches it from Amazon."},
	})}

// readProof reads what the examples of a file are verified with; nil for nothing.
func readProof(e *yamldoc.Entry, preset string, signs signature.Choice) *signature.Account {
	public, own := ReadPublicURL(e.Get("public_url")), e.Get("signature")
	if own == nil {
		e.ReportKey("public_url", "public_url has no effect, because the file has no signature", "write signature: {secret: …}, or remove it")
		return nil
	}
	v := Verifies{Preset: preset, Signs: signs, HasURL: e.Has("public_url")}.Read(own)
	if v == nil {
		return nil
	}
	var known *x509.Certificate
	if c := own.Get("certificate"); c != nil {
		var err error
		if known, err = signature.ParseCertificate([]byte(c.Text())); err != nil {
			c.Report("the certificate can't be read: "+err.Error(), "write certificate: | and below it the lines from BEGIN CERTIFICATE to END CERTIFICATE")
			return nil
		}
	}
	verifier, err := signature.New(v.Scheme, signature.Keys{Values: v.Values, Optional: !own.Get("require").Bool(), Certificate: func(string) *x509.Certificate { return known }})
	if err != nil {
		own.ReportWhole(err.Error(), "")
		return nil
	}
	return &signature.Account{Verifier: verifier, PublicURL: public}
}

// checkProof reports examples that say whether they are verified where nothing says with
// what, and a signature of which no example says so.
func checkProof(e *yamldoc.Entry) {
	some := false
	for _, item := range e.Get("examples").Items() {
		verified := item.Get("verified")
		some = some || item.Has("verified")
		switch {
		case item.Has("verified") && !e.Has("signature"):
			item.ReportKey("verified", "nothing says what it is verified with", "write signature: {secret: …} beside examples, as a source has it")
		case item.Has("verified") && verified.Valid() && !verified.Bool() && len(item.Get("events").Items()) > 0:
			item.ReportKey("events", "of a callback that is not verified nothing is read", "remove events, or write verified: true")
		}
	}
	if !some && e.Has("examples") {
		e.ReportKey("signature", "signature has no effect, because no example says whether it is verified", "write verified: true in one that the provider signed")
	}
}
