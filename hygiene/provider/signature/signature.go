// Package signature verifies that a callback was sent by the provider it claims to come
// from. It has no clock and does no I/O: a verifier is a function of the request, and of
// the secrets that the config gives it.
//
// There is a closed list of schemes: [Basic], [HMAC] and [Ed25519] over parts of the
// request, [Parameters], [JWT] and [SNS]. A scheme is data. What a provider signs is said
// in its preset, and what one's own gateway signs in the config, in the same words.
//
// Secrets are compared in constant time. Errors say what is wrong with the request and
// repeat nothing of it. There may be several secrets, of which one is enough, so that one
// can be replaced while callbacks arrive.
//
// A callback that somebody recorded and sends again is not refused, except where the
// provider itself gives its signatures an age: providers send a callback again for a day,
// and an event that is known already changes nothing.
//
// Where to change what:
//
//   - what a scheme is, and what a source needs for it: this file
//   - the parts that are signed: parts.go; the spellings of a URL: url.go
//   - one scheme: the file of its name
package signature

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene/instant"
)

// Request is a callback as it was sent.
type Request struct {
	Method string
	// URL is what the sender called, with scheme, host, path and query. It is empty
	// where that is not known.
	URL        string
	Header     map[string][]string // with canonical names, as net/http has them
	Body       []byte              // without its Content-Encoding
	ReceivedAt instant.Instant
}

// header is the first value of a header; empty when it is missing.
func (r *Request) header(name string) string {
	if values := r.Header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

var (
	// ErrUnsigned is the error of a request that has no signature at all.
	ErrUnsigned = errors.New("the request is not signed")
	// ErrNoCertificate is the error of a request whose certificate is not known yet. It
	// can be verified later.
	ErrNoCertificate = errors.New("the certificate of the signature is not known yet")
	// errWrong is the error of a signature that none of the secrets gives.
	errWrong = errors.New("the signature does not match")
)

// A Scheme is a way to sign requests.
type Scheme interface {
	// verify verifies the request with one of the secrets.
	verify(r *Request, k *Keys) error
	// Headers are the canonical names of the headers that it needs.
	Headers() []string
	// SignsURL reports whether it needs the URL that the sender called.
	SignsURL() bool
	// Needs is what the source needs for it.
	Needs() Need
	// check says what is wrong with what the source gives it.
	check(k *Keys) error
}

// Need is what a scheme verifies with, as the config's key for it.
type Need string

// What schemes verify with.
const (
	NeedSecret    Need = "secret"     // that the provider signs with
	NeedPublicKey Need = "public_key" // of the provider
	NeedBasic     Need = "basic"      // user:password
	NeedTopic     Need = "topic"      // the ARN of the topic
)

// Keys are what the requests of a source are verified with.
type Keys struct {
	// Values are secrets, public keys, user:password or topics, as the scheme needs.
	// One that verifies is enough.
	Values []string
	// Optional accepts requests that are not signed at all.
	Optional bool
	// Certificate is that of a URL; nil when it is not known yet. Only [SNS] asks, and
	// only for URLs whose host is one of Amazon SNS.
	Certificate func(url string) *x509.Certificate
}

// Verifier verifies the requests of one source. It is safe for concurrent use.
type Verifier struct {
	scheme Scheme
	keys   Keys
}

// New makes a verifier. Its error says which key is wrong, and repeats nothing of it.
func New(scheme Scheme, keys Keys) (*Verifier, error) {
	if len(keys.Values) == 0 {
		return nil, fmt.Errorf("%s is missing", scheme.Needs())
	}
	if slices.Contains(keys.Values, "") {
		return nil, fmt.Errorf("%s is empty", scheme.Needs())
	}
	if err := scheme.check(&keys); err != nil {
		return nil, err
	}
	return &Verifier{scheme: scheme, keys: keys}, nil
}

// CheckScheme says what is wrong with a scheme, whatever it verifies with.
func CheckScheme(s Scheme) error {
	return s.check(&Keys{Certificate: func(string) *x509.Certificate { return nil }})
}

// ErrBlind is the error of a verifier that [Blind] made.
var ErrBlind = errors.New("what callbacks are verified with is not set here")

// Blind makes a verifier for a source whose keys are not known here. It verifies nothing.
func Blind(scheme Scheme) *Verifier { return &Verifier{scheme: scheme} }

// Verify returns nil if the request is the provider's, [ErrNoCertificate] if that can't be
// said yet, [ErrBlind] if it can't be said here, and otherwise why it is not, as a sentence that repeats nothing of the request.
func (v *Verifier) Verify(r *Request) error {
	if len(v.keys.Values) == 0 {
		return ErrBlind
	}
	err := v.scheme.verify(r, &v.keys)
	if v.keys.Optional && errors.Is(err, ErrUnsigned) {
		return nil
	}
	return err
}

// Scheme is what the verifier verifies.
func (v *Verifier) Scheme() Scheme { return v.scheme }

// Choice are the schemes of a provider among which an account chooses, by the name of the
// algorithm. A provider with one scheme has it under the empty name.
type Choice struct {
	Schemes map[string]Scheme
	Default string // empty where the account's own setting has to be known
}

// One is the choice of a provider that has one scheme.
func One(s Scheme) Choice { return Choice{Schemes: map[string]Scheme{"": s}} }

// Algorithms are the names among which an account chooses; empty where there is one scheme.
func (c Choice) Algorithms() (names []string) {
	for name := range c.Schemes {
		if name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Pick is the scheme of an algorithm; empty for the provider's own.
func (c Choice) Pick(algorithm string) (Scheme, error) {
	if algorithm == "" {
		algorithm = c.Default
	}
	if s := c.Schemes[algorithm]; s != nil {
		return s, nil
	}
	switch names := strings.Join(c.Algorithms(), ", "); {
	case names == "":
		return nil, errors.New("this signature has one algorithm; leave it out")
	case algorithm == "":
		return nil, errors.New("the algorithm is a setting of the account; write one of " + names)
	default:
		return nil, errors.New("the algorithm must be one of " + names)
	}
}
