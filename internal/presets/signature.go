package presets

import (
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"time"

	"winnow/hygiene/provider"
	"winnow/hygiene/provider/signature"
	"winnow/internal/yamldoc"
)

var headerName = &yamldoc.Shape{Kind: yamldoc.Text, Expect: "the name of a header", Pattern: regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+.^_|~-]{1,100}$`)}

// signs is the shape of how a provider signs its callbacks.
var signs = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, AnyOf: []string{"hmac", "ed25519"}, NotBoth: []string{"hmac", "ed25519"},
	Expect: "how callbacks are signed, like {hmac: sha256, header: X-Signature, parts: [body]}", Fields: []yamldoc.Field{
		{Key: "hmac", Shape: &yamldoc.Shape{Kind: yamldoc.Choice, Expect: "a digest like sha256", Noun: "digest", Words: []string{string(signature.SHA1), string(signature.SHA256), string(signature.SHA512)}}, Doc: "A digest with a secret, which is signature.secret."},
		{Key: "ed25519", Shape: yes, Doc: "A signature with the key whose public part is signature.public_key."},
		{Key: "header", Shape: severalOf(headerName, "the name of a header, or a list of them"), Required: true, Doc: "The header with the signature; of several, the one that is sent."},
		{Key: "prefix", Shape: text, Doc: "What stands before the signature in the header, such as sha256=."},
		{Key: "encoding", Shape: &yamldoc.Shape{Kind: yamldoc.Choice, Expect: "hex or base64", Noun: "encoding", Words: []string{string(signature.Hex), string(signature.Base64)}}, Default: string(signature.Hex), Doc: "How the signature is written; with ed25519 always base64."},
		{Key: "parts", Shape: &yamldoc.Shape{Kind: yamldoc.List, Item: part, Min: 1, Max: 16, Expect: `a list of parts like [body] or [{header: X-Timestamp}, ".", body]`}, Required: true, Doc: "What is signed, one after the other: body, url (with its query), address (the URL without its query), form (the fields of a form sorted by name, each name and value), {header: NAME}, and any other text as it is."},
		{Key: "timestamp", Shape: &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Fields: []yamldoc.Field{
			{Key: "header", Shape: headerName, Required: true, Doc: "The header with the time of signing, in seconds since 1970 or in RFC 3339. It must be among the parts."},
			{Key: "tolerance", Shape: &yamldoc.Shape{Kind: yamldoc.Duration, Expect: "a duration like 5m", MaxDuration: 7 * 24 * time.Hour}, Default: "5m", Doc: "How far it may be from the receipt."},
		}}, Doc: "The time of signing, if old signatures are not to be accepted. Leave it out if the provider sends a callback again with its first signature."},
	}, Misplaced: map[string]yamldoc.Misplaced{"secret": secretElsewhere, "secrets": secretElsewhere, "public_key": secretElsewhere, "basic": secretElsewhere}}

// secretElsewhere is the problem of a secret where only the way of signing is said.
var secretElsewhere = yamldoc.Misplaced{Text: "what signatures are verified with does not stand here", Hint: `write signature: {secret: "${NAME}"} beside read, and here only how it is signed`}

var part = &yamldoc.Shape{Kind: yamldoc.Object, Expect: "body, url, address, form, {header: NAME} or text", ShortFor: "text", AnyOf: []string{"text", "header"}, NotBoth: []string{"text", "header"}, Fields: []yamldoc.Field{
	{Key: "text", Shape: &yamldoc.Shape{Kind: yamldoc.Text, Expect: "body, url, address, form or text", Words: []string{"body", "url", "address", "form"}}, Doc: "body, url, address or form, or the text itself."},
	{Key: "header", Shape: headerName, Doc: "The value of the header of this name."},
}}

// answers is the shape of what callbacks are answered.
var answers = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Expect: "statuses like {ok: 200, again: 503}", Fields: []yamldoc.Field{
	{Key: "ok", Shape: &yamldoc.Shape{Kind: yamldoc.Integer, Min: 200, Max: 299, Expect: "a status from 200 to 299", Because: "any other status says that the callback was not stored"}, Default: "200", Doc: "Status of the answer to a callback that is stored."},
	{Key: "again", Shape: &yamldoc.Shape{Kind: yamldoc.Integer, Min: 429, Max: 599, Expect: "429 or a status from 500 to 599", Because: "a provider sends a callback again after 429 or 5xx"}, Default: "503", Doc: "Status of the answer to a callback that could not be stored, so that the provider sends it again: 429 or 5xx."},
}}

// signs reads how a provider signs.
func (r *reader) signs(e *yamldoc.Entry) signature.Choice {
	var sent []string
	for _, h := range e.Get("header").Items() {
		sent = append(sent, canonical(h))
	}
	var parts []signature.Part
	for _, p := range e.Get("parts").Items() {
		parts = append(parts, r.part(p))
	}
	t := signature.Timestamp{}
	if own := e.Get("timestamp"); own != nil {
		t = signature.Timestamp{Header: canonical(own.Get("header")), Tolerance: own.Get("tolerance").Duration()}
	}
	if own := e.Get("timestamp"); t.Header != "" && !slices.ContainsFunc(parts, func(p signature.Part) bool { return p.Header == t.Header }) {
		own.ReportWhole("the header of the timestamp is not signed, so anybody could change it", "add {header: "+own.Get("header").Text()+"} to parts, where the provider has it")
		r.ok = false
	}
	var s signature.Scheme = signature.HMAC{Hash: signature.Hash(e.Get("hmac").Text()), Sent: sent, Prefix: e.Get("prefix").Text(),
		Encoding: signature.Encoding(e.Get("encoding").Text()), Parts: parts, Timestamp: t}
	if e.Get("ed25519").Bool() {
		s = signature.Ed25519{Sent: sent, Parts: parts, Timestamp: t}
	}
	if !r.ok || !e.Valid() || !e.Has("header") || !e.Has("parts") {
		r.ok = false
		return signature.Choice{}
	}
	if !e.Has("hmac") && !e.Get("ed25519").Bool() {
		e.ReportWhole("it does not say how callbacks are signed", "write hmac: sha256, or ed25519: true")
		r.ok = false
	} else if err := signature.CheckScheme(s); err != nil {
		e.ReportWhole(err.Error(), "")
		r.ok = false
	}
	return signature.One(s)
}

func canonical(e *yamldoc.Entry) string { return textproto.CanonicalMIMEHeaderKey(e.Text()) }

// part reads a part. Nobody signs a text that is the name of a part in other letters.
func (r *reader) part(e *yamldoc.Entry) signature.Part {
	if e.Has("header") {
		return signature.Part{Header: canonical(e.Get("header"))}
	}
	text := e.Get("text").Text()
	for _, of := range signature.PartsOf() {
		if text == string(of) {
			return signature.Part{Of: of}
		}
		if strings.EqualFold(strings.TrimSpace(text), string(of)) {
			e.Get("text").Report(yamldoc.Quote(text)+" would be signed as this text", "write "+string(of))
			r.ok = false
		}
	}
	return signature.Part{Literal: text}
}

// answer reads what callbacks are answered.
func (r *reader) answer(e *yamldoc.Entry) provider.Answer {
	again := e.Get("again")
	if n := again.Int(); again.Valid() && n > 429 && n < 500 {
		again.Report("with this status a provider does not send a callback again", "write 429, or 503")
		r.ok = false
	}
	return provider.Answer{OK: e.Get("ok").Int(), Again: again.Int()}
}
