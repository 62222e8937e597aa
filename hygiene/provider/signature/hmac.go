package signature

import (
	"crypto/hmac"
	"crypto/md5"  // an account's setting at Vonage
	"crypto/sha1" // Twilio's signature
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"time"

	"winnow/hygiene/instant"
)

// HMAC is a keyed digest over parts of the request, in a header.
type HMAC struct {
	Hash Hash
	// Sent are the canonical names of the headers that may have the signature, of which
	// one is enough.
	Sent      []string
	Prefix    string // before the signature, such as sha256=
	Encoding  Encoding
	Parts     []Part
	Timestamp Timestamp
}

// Hash is the name of a digest.
type Hash string

// The digests.
const (
	SHA1   Hash = "sha1"
	SHA256 Hash = "sha256"
	SHA512 Hash = "sha512"
	MD5    Hash = "md5"
	sha384 Hash = "sha384" // of tokens alone
)

func (h Hash) new() func() hash.Hash {
	return map[Hash]func() hash.Hash{SHA1: sha1.New, SHA256: sha256.New, sha384: sha512.New384, SHA512: sha512.New, MD5: md5.New}[h]
}

// Encoding is how a signature is written.
type Encoding string

// The encodings. Letters of hex may be small or capital.
const (
	Hex    Encoding = "hex"
	Base64 Encoding = "base64"
)

func (e Encoding) decode(text string) ([]byte, error) {
	if e == Hex {
		return hex.DecodeString(text)
	}
	return base64.StdEncoding.DecodeString(text)
}

// Timestamp is the header with the time of signing, in seconds since 1970 or in RFC 3339,
// and how far it may be from the receipt. The zero value asks for nothing.
type Timestamp struct {
	Header    string
	Tolerance time.Duration
}

func (t Timestamp) check(r *Request) error {
	if t.Header == "" {
		return nil
	}
	text := r.header(t.Header)
	at, err := instant.ParseTime(text)
	if seconds, notANumber := strconv.ParseInt(text, 10, 64); notANumber == nil && seconds >= 0 && seconds < 1<<36 {
		at, err = instant.Of(time.Unix(seconds, 0)), nil
	}
	if err != nil {
		return fmt.Errorf("the header %s has no time", t.Header)
	}
	if away := r.ReceivedAt.Sub(at).Abs(); away > t.Tolerance {
		return fmt.Errorf("the time in %s is more than %v from the receipt", t.Header, t.Tolerance)
	}
	return nil
}

// Headers implements [Scheme].
func (h HMAC) Headers() []string { return allHeaders(h.Sent, h.Parts, h.Timestamp) }

// SignsURL implements [Scheme].
func (h HMAC) SignsURL() bool { return signsURL(h.Parts) }

// Needs implements [Scheme].
func (HMAC) Needs() Need { return NeedSecret }

func (h HMAC) check(*Keys) error {
	if h.Hash.new() == nil || len(h.Sent) == 0 {
		return errors.New("a signature needs a digest and a header")
	}
	return checkParts(h.Parts, h.Timestamp)
}

func (h HMAC) verify(r *Request, k *Keys) error {
	signatures, err := sent(r, h.Sent, h.Prefix, h.Encoding)
	if err != nil {
		return err
	}
	texts, err := join(r, h.Parts)
	if err != nil {
		return err
	}
	if !anyMatches(h.Hash, k.Values, texts, signatures) {
		return errWrong
	}
	return h.Timestamp.check(r)
}

// anyMatches reports whether one of the secrets gives one of the signatures over one of
// the texts.
func anyMatches(h Hash, secrets []string, texts, signatures [][]byte) bool {
	found := false
	for _, secret := range secrets {
		mac := hmac.New(h.new(), []byte(secret))
		for _, text := range texts {
			mac.Reset()
			mac.Write(text)
			sum := mac.Sum(nil)
			for _, s := range signatures {
				found = hmac.Equal(sum, s) || found
			}
		}
	}
	return found
}

// maxSignatures is how many signatures of a request are tried.
const maxSignatures = 8

// sent are the signatures in the headers. Several may stand in one, with commas between
// them.
func sent(r *Request, headers []string, prefix string, e Encoding) (signatures [][]byte, err error) {
	there := false
	for _, name := range headers {
		for text := range strings.SplitSeq(r.header(name), ",") {
			text = strings.TrimSpace(text)
			if text == "" {
				continue
			}
			there = true
			text, ok := strings.CutPrefix(text, prefix)
			if s, err := e.decode(text); ok && err == nil && len(signatures) < maxSignatures {
				signatures = append(signatures, s)
			}
		}
	}
	switch {
	case !there:
		return nil, ErrUnsigned
	case len(signatures) == 0:
		return nil, fmt.Errorf("the header %s has no signature in %s", strings.Join(headers, " or "), e)
	}
	return signatures, nil
}

func allHeaders(sent []string, parts []Part, t Timestamp) []string {
	names := slices.Concat(sent, headersOf(parts))
	if t.Header != "" {
		names = append(names, t.Header)
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}
