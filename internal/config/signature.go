package config

import (
	"crypto/x509"
	"slices"
	"strings"

	"winnow/hygiene/provider/signature"
	"winnow/internal/presets"
	"winnow/internal/yamldoc"
)

var signatureShape = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Expect: `what callbacks are verified with, like {secret: "${NAME}"}`,
	AnyOf: []string{"secret", "secrets", "secret_file", "public_key", "basic", "topic"}, Fields: slices.Concat(presets.SecretKeys, []yamldoc.Field{
		{Key: "secret_file", Shape: PathShape, Doc: "File with such secrets, one per line, relative to this file."},
	}, presets.OtherKeys, []yamldoc.Field{
		{Key: "invalid", Shape: choice("quarantine or reject", "answer", "quarantine", "reject"), Default: "quarantine", Doc: "What becomes of a callback that is not verified: quarantine keeps it and answers 200, so that it can be verified again with another secret; reject answers 403 and keeps nothing."},
		presets.RequireKey,
	})}

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

// readSignature reads how the callbacks of a source are verified; nil for not at all.
func (r *reader) readSignature(e *yamldoc.Entry, s *Source) *Signature {
	own := e.Get("signature")
	if own == nil {
		return nil
	}
	v := presets.Verifies{Preset: s.Preset, Signs: s.Format.Signs, HasURL: e.Has("public_url"), File: r.readSecretFile}.Read(own)
	if v == nil {
		return nil
	}
	return &Signature{Scheme: v.Scheme, Values: v.Values, Reject: own.Get("invalid").Text() == "reject", Optional: !own.Get("require").Bool()}
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
