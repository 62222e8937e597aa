// Package callback is about callbacks whose signature was not verified: what is kept of
// them beside the body. It imports the standard library only.
package callback

import "encoding/json"

// Unverified is what a callback had beside its body, kept with a body whose signature was
// not verified, so that it can be verified later.
type Unverified struct {
	Method string `json:"method"`
	// Target is the path and query that was called, as sent, with [TokenMark] for the token.
	Target string            `json:"target"`
	Header map[string]string `json:"header,omitempty"` // what the signature needs, by canonical name
	// Waits says that nothing is wrong so far: a certificate is not known yet. The body is
	// verified and read without anybody's doing once it is.
	Waits bool `json:"waits,omitempty"`
}

// TokenMark stands for the token in a target.
const TokenMark = "{token}"

// Max is the most bytes that the target has, and that the header has. What is
// longer can't be verified later.
const Max = 8 << 10

// IsShort reports whether that holds. It does for nil.
func (u *Unverified) IsShort() bool {
	if u == nil {
		return true
	}
	size := 0
	for name, value := range u.Header {
		size += len(name) + len(value)
	}
	return len(u.Target) <= Max && size <= Max && len(u.Method) <= 32
}

// Shown is u for people: without the passwords that a header may have. It is nil for nil.
func (u *Unverified) Shown() *Unverified {
	if u == nil {
		return nil
	}
	shown := *u
	shown.Header = map[string]string{}
	for name, value := range u.Header {
		if name == "Authorization" {
			value = "(hidden)"
		}
		shown.Header[name] = value
	}
	return &shown
}

// Pack is u as it is stored; empty for nil.
func (u *Unverified) Pack() string {
	if u == nil {
		return ""
	}
	text, err := json.Marshal(u)
	if err != nil {
		panic(err) // texts always can be
	}
	return string(text)
}

// Unpack is what [Unverified.Pack] packed. What it can't read is a request that
// can't be verified.
func Unpack(text string) *Unverified {
	if text == "" {
		return nil
	}
	u := &Unverified{}
	if json.Unmarshal([]byte(text), u) != nil {
		return &Unverified{}
	}
	return u
}
