package signature

import (
	"crypto/hmac"
	"crypto/md5" // an account's setting
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// Parameters is the signature of Vonage's SMS API. It is a parameter beside the others, in
// the query, a form or a JSON object: a digest over all others, sorted by name, each
// written &name=value, with _ for any & and = in a value.
type Parameters struct {
	Hash  Hash
	Plain bool   // a digest of the text and the secret after it, instead of an HMAC
	Sent  string // the name of the parameter
}

// Headers implements [Scheme].
func (Parameters) Headers() []string { return []string{contentType} }

// SignsURL implements [Scheme].
func (Parameters) SignsURL() bool { return false }

// Needs implements [Scheme].
func (Parameters) Needs() Need { return NeedSecret }

func (p Parameters) check(*Keys) error {
	if p.Hash.new() == nil || p.Sent == "" || p.Plain && p.Hash != MD5 {
		return errors.New("a signature needs a digest and a parameter")
	}
	return nil
}

func (p Parameters) verify(r *Request, k *Keys) error {
	fields, err := parameters(r)
	if err != nil {
		return err
	}
	text, ok := fields[p.Sent]
	if !ok {
		return ErrUnsigned
	}
	signature, err := hex.DecodeString(text)
	if err != nil {
		return errors.New("the signature is not in hex")
	}
	signed := p.text(fields)
	if p.Plain {
		return p.verifyPlain(signed, k.Values, signature)
	}
	if !anyMatches(p.Hash, k.Values, [][]byte{signed}, [][]byte{signature}) {
		return errWrong
	}
	return nil
}

func (p Parameters) verifyPlain(signed []byte, secrets []string, signature []byte) error {
	found := false
	for _, secret := range secrets {
		sum := md5.Sum(append(slices.Clip(signed), secret...)) // see above
		found = hmac.Equal(sum[:], signature) || found
	}
	if !found {
		return errWrong
	}
	return nil
}

// text is what is signed.
func (p Parameters) text(fields map[string]string) (text []byte) {
	names := make([]string, 0, len(fields))
	for name := range fields {
		if name != p.Sent {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	clean := strings.NewReplacer("&", "_", "=", "_")
	for _, name := range names {
		text = append(text, '&')
		text = append(text, name...)
		text = append(text, '=')
		text = append(text, clean.Replace(fields[name])...)
	}
	return text
}

// parameters are those of a form, a JSON object or, without a body, the query. Each may be
// there once.
func parameters(r *Request) (map[string]string, error) {
	if len(r.Body) > 0 && !isForm(r) {
		fields, others, err := object(r.Body)
		if len(others) > 0 {
			err = errors.New("a parameter is not a text, so it is not signed")
		}
		return fields, err
	}
	text := string(r.Body)
	if text == "" {
		text = query(r.URL)
	}
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, errors.New("the parameters can't be read")
	}
	fields := make(map[string]string, len(values))
	for name, list := range values {
		if len(list) != 1 {
			return nil, errors.New("a parameter is there several times")
		}
		fields[name] = list[0]
	}
	return fields, nil
}
