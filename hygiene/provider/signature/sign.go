package signature

import (
	"crypto/hmac"
	"crypto/md5" // an account's setting
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrCannotSign is the error of a scheme whose key only the provider has.
var ErrCannotSign = errors.New("only the provider has the key that signs")

// Sign signs a request as the provider does, with one of the values that verify it: it is for
// simulations. The time of the signature is that of the receipt. nonce is a word that no other
// request has. What is added to the header, the body or the query of the URL is put there; a
// body is replaced and not changed. The error is [ErrCannotSign], or about a request that the
// scheme can't cover.
func Sign(s Scheme, value string, r *Request, nonce string) error {
	if r.Header == nil {
		r.Header = map[string][]string{}
	}
	switch s := s.(type) {
	case Basic:
		r.Header[authorization] = []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(value))}
		return nil
	case HMAC:
		return s.sign(value, r, nonce)
	case Parameters:
		return s.sign(value, r)
	case JWT:
		return s.sign(value, r, nonce)
	}
	return ErrCannotSign
}

func (h HMAC) sign(secret string, r *Request, nonce string) error {
	for _, name := range headersOf(h.Parts) {
		if len(r.Header[name]) > 0 || name == contentType {
			continue
		}
		r.Header[name] = []string{nonce}
		if name == h.Timestamp.Header || strings.HasSuffix(name, "Timestamp") {
			r.Header[name] = []string{seconds(r, 0)}
		}
	}
	texts, err := join(r, h.Parts)
	if err != nil {
		return err
	}
	sum := sumOf(h.Hash, secret, texts[0])
	text := base64.StdEncoding.EncodeToString(sum)
	if h.Encoding == Hex {
		text = hex.EncodeToString(sum)
	}
	r.Header[h.Sent[0]] = []string{h.Prefix + text}
	return nil
}

func sumOf(h Hash, secret string, text []byte) []byte {
	mac := hmac.New(h.new(), []byte(secret))
	mac.Write(text)
	return mac.Sum(nil)
}

// seconds is a time after the receipt, in seconds since 1970.
func seconds(r *Request, later time.Duration) string {
	return strconv.FormatInt(r.ReceivedAt.Add(later).Time().Unix(), 10)
}

func (p Parameters) sign(secret string, r *Request) error {
	fields, err := parameters(r)
	if err != nil {
		return err
	}
	text := p.text(fields)
	var sum []byte
	if p.Plain {
		plain := md5.Sum(append(slices.Clip(text), secret...)) // see above
		sum = plain[:]
	} else {
		sum = sumOf(p.Hash, secret, text)
	}
	value := hex.EncodeToString(sum)
	added := "&" + url.QueryEscape(p.Sent) + "=" + value
	switch {
	case len(r.Body) == 0:
		r.URL += added
	case isForm(r):
		r.Body = append(slices.Clip(r.Body), added...)
	default:
		body := strings.TrimRight(string(r.Body), " \t\r\n")
		if !strings.HasSuffix(body, "}") || len(fields) == 0 {
			return errors.New("the body is not an object of texts")
		}
		r.Body = fmt.Appendf(nil, "%s,%q:%q}", strings.TrimSuffix(body, "}"), p.Sent, value)
	}
	return nil
}

// validFor is how long a token that is signed here is valid.
const validFor = 5 * time.Minute

func (j JWT) sign(secret string, r *Request, nonce string) error {
	claims := map[string]any{"jti": nonce, "nbf": json.Number(seconds(r, 0)), "exp": json.Number(seconds(r, validFor))}
	if j.Issuer != "" {
		claims["iss"] = j.Issuer
	}
	digest := func(data []byte) string {
		sum := sha256.Sum256(data)
		return hex.EncodeToString(sum[:])
	}
	if j.URLHash != "" {
		claims[j.URLHash] = digest([]byte(r.URL))
	}
	if len(r.Body) > 0 {
		claims[j.BodyHash] = digest(r.Body)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		return err
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(text)
	r.Header[j.Sent] = []string{j.Prefix + signed + "." + encode(sumOf(SHA256, secret, []byte(signed)))}
	return nil
}
