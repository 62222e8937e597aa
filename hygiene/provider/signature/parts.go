package signature

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// Part is a part of a request that is signed. Exactly one field is set.
type Part struct {
	Of      PartOf
	Literal string
	Header  string // the value of the header of this canonical name
}

// PartOf is a part that every request has.
type PartOf string

// The parts that every request has.
const (
	PartBody    PartOf = "body"    // as it was sent
	PartURL     PartOf = "url"     // with its query
	PartAddress PartOf = "address" // the URL without its query
	// PartForm are the fields of a form in the body, sorted by name: name and value, one
	// after the other with nothing between them. A body that is not a form is signed by
	// the parameter bodySHA256 of the URL, as Twilio does; without it, it is not signed.
	PartForm PartOf = "form"
)

// PartsOf are the names of the parts that every request has.
func PartsOf() []PartOf { return []PartOf{PartAddress, PartBody, PartForm, PartURL} }

// maxParts bounds what one request is signed over, so that each secret is tried over a
// text that is not much longer than the request.
const maxParts = 16

func checkParts(parts []Part, t Timestamp) error {
	if len(parts) == 0 || len(parts) > maxParts {
		return errors.New("a signature is over 1 to 16 parts")
	}
	for _, p := range parts {
		if p.Of != "" && !slices.Contains(PartsOf(), p.Of) {
			return errors.New("unknown part of a signature")
		}
	}
	if t.Header != "" && !slices.ContainsFunc(parts, func(p Part) bool { return p.Header == t.Header }) {
		return errors.New("the header of the timestamp is not among the parts, so anybody could change it")
	}
	return nil
}

func headersOf(parts []Part) (names []string) {
	for _, p := range parts {
		if p.Header != "" {
			names = append(names, p.Header)
		}
		if p.Of == PartForm {
			names = append(names, contentType)
		}
	}
	return names
}

func signsURL(parts []Part) bool {
	return slices.ContainsFunc(parts, func(p Part) bool { return p.Of == PartURL || p.Of == PartAddress || p.Of == PartForm })
}

// join gives the texts that the parts of a request may be: one for each spelling of its
// URL, or one.
func join(r *Request, parts []Part) ([][]byte, error) {
	if len(parts) == 1 && parts[0].Of == PartBody {
		return [][]byte{r.Body}, nil
	}
	urls := []string{r.URL}
	if signsURL(parts) {
		if r.URL == "" {
			return nil, errors.New("the URL that the provider called is not known; public_url says it")
		}
		urls = spellings(r.URL)
	}
	var texts [][]byte
	for _, u := range urls {
		var text []byte
		for _, p := range parts {
			switch p.Of {
			case PartBody:
				text = append(text, r.Body...)
			case PartURL:
				text = append(text, u...)
			case PartAddress:
				text = append(text, address(u)...)
			case PartForm:
				fields, err := sortedForm(r)
				if err != nil {
					return nil, err
				}
				text = append(text, fields...)
			default:
				text = append(text, p.Literal...)
				text = append(text, r.header(p.Header)...)
			}
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// Uncovered is what a scheme leaves unsigned of the requests of a format that reads the
// body and, if query says so, the query of the URL; empty for nothing.
func Uncovered(s Scheme, query bool) string {
	var parts []Part
	switch s := s.(type) {
	case HMAC:
		parts = s.Parts
	case Ed25519:
		parts = s.Parts
	case JWT:
		if query && s.URLHash == "" {
			return theQuery
		}
		return ""
	default: // the credentials come with each request, or the scheme is the provider's own
		return ""
	}
	signs := func(of ...PartOf) bool {
		return slices.ContainsFunc(parts, func(p Part) bool { return slices.Contains(of, p.Of) })
	}
	switch body, url := signs(PartBody, PartForm), signs(PartURL); {
	case !body && query && !url:
		return "the body or " + theQuery
	case !body:
		return "the body"
	case query && !url:
		return theQuery
	}
	return ""
}

const theQuery = "the query of the URL"

const contentType = "Content-Type"

const form = "application/x-www-form-urlencoded"

// isForm reports whether the body is a form.
func isForm(r *Request) bool {
	kind, _, _ := strings.Cut(r.header(contentType), ";")
	return strings.EqualFold(strings.TrimSpace(kind), form)
}

// sortedForm is what [PartForm] says. A name that is there several times has its values
// sorted, each once.
func sortedForm(r *Request) (string, error) {
	if !isForm(r) {
		return "", bodyIsNamed(r)
	}
	fields, err := url.ParseQuery(string(r.Body))
	if err != nil {
		return "", errors.New("the body is not a form, though its Content-Type says so")
	}
	var b strings.Builder
	for _, name := range sortedNames(fields) {
		values := slices.Compact(slices.Sorted(slices.Values(fields[name])))
		for _, v := range values {
			b.WriteString(name)
			b.WriteString(v)
		}
	}
	return b.String(), nil
}

// bodyIsNamed returns nil if the URL has the body's digest, or there is no body.
func bodyIsNamed(r *Request) error {
	if len(r.Body) == 0 {
		return nil
	}
	values, _ := url.ParseQuery(query(r.URL))
	sum := sha256.Sum256(r.Body)
	named, err := hex.DecodeString(values.Get("bodySHA256"))
	if err != nil || subtle.ConstantTimeCompare(sum[:], named) != 1 {
		return errors.New("the body is not a form by its Content-Type, and the signature does not cover it")
	}
	return nil
}

func sortedNames(fields url.Values) []string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
