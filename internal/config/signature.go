package config

import (
	"crypto/x509"
	"net/url"
	"regexp"
	"strings"

	"winnow/hygiene/provider/signature"
	"winnow/internal/yamldoc"
)

var (
	secretShape = &yamldoc.Shape{Kind: yamldoc.Secret, Expect: "a secret"}

	signatureShape = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Expect: `what callbacks are verified with, like {secret: "${NAME}"}`,
		AnyOf: []string{"secret", "secrets", "secret_file", "public_key", "basic", "topic"}, Fields: []yamldoc.Field{
			{Key: "secret", Shape: secretShape, Doc: "The secret that the provider signs with."},
			{Key: "secrets", Shape: listOf(1, secretShape, "a list of secrets"), Doc: "Several such secrets, while one is being replaced; one that verifies is enough."},
			{Key: "secret_file", Shape: PathShape, Doc: "File with such secrets, one per line, relative to this file."},
			{Key: "public_key", Shape: &yamldoc.Shape{Kind: yamldoc.Text, EditorPattern: `^[A-Za-z0-9+/]{43}=$`, Expect: "a public key, 32 bytes in base64"}, Doc: "The public key of the provider, for Ed25519."},
			{Key: "basic", Shape: &yamldoc.Shape{Kind: yamldoc.Secret, Expect: `a user and a password like "user:password"`, Pattern: regexp.MustCompile(`^[^:]+:.+$`)}, Doc: "User and password that the provider sends with HTTP basic authentication; for any provider."},
			{Key: "topic", Shape: &yamldoc.Shape{Kind: yamldoc.Text, EditorPattern: `^arn:aws[a-z-]*:sns:`, Expect: "the ARN of a topic"}, Doc: "The topic of Amazon SNS that the callbacks come from."},
			{Key: "algorithm", Shape: TextShape, Doc: "The algorithm, where the account has a choice: md5hash, md5, sha1, sha256 or sha512 with vonage-sms, sha1 or sha256 with twilio."},
			{Key: "invalid", Shape: choice("quarantine or reject", "answer", "quarantine", "reject"), Default: "quarantine", Doc: "What becomes of a callback that is not verified: quarantine keeps it and answers 200, so that it can be verified again with another secret; reject answers 403 and keeps nothing."},
			{Key: "require", Shape: BoolShape, Default: "true", Doc: "Whether a callback without any signature is not verified. With false, anybody who knows the URL can leave the signature out."},
		}}

	publicURLShape = &yamldoc.Shape{Kind: yamldoc.Text, EditorPattern: `^https?://[^?#@]+$`, Expect: "a URL like https://sms.example.com"}
)

// Signature says how a source's callbacks are verified.
type Signature struct {
	Scheme signature.Scheme
	Values []string // secrets and the like, without those whose variable is not set, see [Options]
	// Optional accepts callbacks without a signature.
	Optional bool
	// Reject answers those that are not verified 403, instead of keeping them.
	Reject bool
}

// Account verifies the callbacks of a source; nil when nothing is to be verified.
// certificate is that of [signature.Keys].
func (c *Config) Account(s *Source, certificate func(url string) *x509.Certificate) (*signature.Account, error) {
	if s.Signature == nil {
		return nil, nil
	}
	if len(s.Signature.Values) == 0 { // their variables are not set
		return &signature.Account{Verifier: signature.Blind(s.Signature.Scheme), PublicURL: s.PublicURL, Tokens: s.Tokens}, nil
	}
	v, err := signature.New(s.Signature.Scheme, signature.Keys{Values: s.Signature.Values, Optional: s.Signature.Optional, Certificate: certificate})
	if err != nil {
		return nil, err
	}
	return &signature.Account{Verifier: v, PublicURL: s.PublicURL, Tokens: s.Tokens}, nil
}

// noCertificate knows no certificate, for checking what a file says.
func noCertificate(string) *x509.Certificate { return nil }

// readSignature reads how the callbacks of a source are verified.
func (r *reader) readSignature(e *yamldoc.Entry, s *Source) {
	s.PublicURL = readPublicURL(e.Get("public_url"))
	own := e.Get("signature")
	if own == nil {
		return
	}
	need, values, unset := r.readKeys(own)
	algorithm := own.Get("algorithm")
	if need == "" || !own.Valid() || s.Format == nil {
		return
	}
	scheme, at, problem, hint := pickScheme(s.Preset, need, algorithm, s.Format.Signs)
	if problem != "" {
		if at == "" {
			own.ReportWhole(problem, hint)
		} else {
			own.ReportKey(at, problem, hint)
		}
		return
	}
	sig := &Signature{Scheme: scheme, Values: values, Reject: own.Get("invalid").Text() == "reject", Optional: !own.Get("require").Bool()}
	if scheme.SignsURL() && s.PublicURL == "" && !e.Has("public_url") {
		own.ReportWhole("what is signed has the URL that the provider calls, so public_url is required", "write public_url: https://HOST, the beginning of the callback URL up to the path that winnow sees")
		return
	}
	if !unset {
		if _, err := signature.New(scheme, signature.Keys{Values: values, Certificate: noCertificate}); err != nil {
			own.ReportKey(written(own, need), err.Error(), "")
			return
		}
	}
	s.Signature = sig
}

// pickScheme is the scheme that a source is verified by. A problem is at a key of the
// signature; empty for all of it.
func pickScheme(preset string, need signature.Need, algorithm *yamldoc.Entry, signs signature.Choice) (s signature.Scheme, at, problem, hint string) {
	if need == signature.NeedBasic {
		if algorithm != nil {
			return nil, "algorithm", "basic authentication has no algorithm", "remove it"
		}
		return signature.Basic{}, "", "", ""
	}
	name := preset
	if name == "" {
		name = "this provider"
	}
	if len(signs.Schemes) == 0 {
		return nil, "", name + " signs nothing that is known here", `write basic: "user:password" if it can send that, or say what it signs under read.signature; else remove signature`
	}
	s, err := signs.Pick(algorithm.Text())
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
func (r *reader) readKeys(e *yamldoc.Entry) (need signature.Need, values []string, unset bool) {
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
	if e.Has("secret_file") && set(signature.NeedSecret, "secret_file") {
		lines, known := r.readSecretFile(e.Get("secret_file"))
		values, unset = append(values, lines...), unset || !known
	}
	if need == "" && e.Valid() {
		e.ReportWhole("there is nothing to verify callbacks with", `write secret: "${NAME}", secret_file: FILE, public_key, basic or topic`)
	}
	return need, values, unset
}

// readSecretFile reads secrets from a file, one per line. It reports whether it could.
func (r *reader) readSecretFile(e *yamldoc.Entry) (lines []string, known bool) {
	text, ok := r.secretText(e)
	if !ok {
		return nil, false
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		e.Report(yamldoc.Quote(e.Text())+" contains no secret", "")
	}
	return lines, true
}

// readPublicURL reads the beginning of a URL; empty for none, or for one that is wrong.
func readPublicURL(e *yamldoc.Entry) string {
	if e == nil || e.Text() == "" {
		return ""
	}
	hidePassword(e)
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
