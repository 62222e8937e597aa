package config

import (
	"strings"

	"winnow/hygiene/contactkey"
	"winnow/hygiene/provider"
	"winnow/internal/presets"
	"winnow/internal/yamldoc"
)

var source = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, AnyOf: []string{"tokens", "tokens_file"}, Fields: []yamldoc.Field{
	{Key: "name", Shape: NameShape, Required: true, Doc: "Name of the account in events and metrics."},
	{Key: "preset", Shape: presets.Name, Doc: "The provider. It decides how callbacks are read and what their codes mean."},
	{Key: "read", Shape: presets.Read, Doc: "How callbacks are read, of a provider without a preset; beside preset, what differs from it."},
	{Key: "tokens", Omit: true, Shape: listOf(1, token, "a list of tokens"), Doc: "Secrets at the end of the callback URL; several while one is being replaced."},
	{Key: "tokens_file", Omit: true, Shape: PathShape, Doc: "File with more tokens, one per line, relative to this file."},
	{Key: "from", Omit: true, Shape: addressRanges, Doc: "Addresses that the provider sends from; requests from others are answered as those with an unknown token. Default: every address."},
	{Key: "public_url", Omit: true, Shape: presets.PublicURL, Doc: "Beginning of the callback URL as the provider calls it, up to the path that winnow sees. Signatures that cover the URL need it."},
	{Key: "signature", Omit: true, Shape: signatureShape, Doc: "What callbacks are verified with, beside the token in their URL. Without it the token alone proves where they come from."},
	{Key: "contact", Shape: pattern("a dotted path like uniqueArgs.contact_id", `^[^.\s]+(\.[^.\s]+)*$`), Default: "uniqueArgs.contact_id", Doc: "Path of the contact's key in a callback: to for the recipient's phone number, args for what the sender attached to the message, args.NAME for a part of that. Default: uniqueArgs.contact_id with the preset insider; with others the send log has the contact."},
	{Key: "to", Shape: choice("international", "form of phone numbers", contactkey.International), Doc: "How phone numbers in callbacks are written: international, for numbers that begin with their country code and have no +. Default: as contacts.region says."},
	{Key: "require_send_log", Shape: BoolShape, Default: "false", Doc: "Whether only events of messages that the send log has act; the others wait as unmatched. Someone who learns the callback URL can then change nothing about contacts."},
	{Key: "outcomes", Omit: true, Shape: outcomeLines, Default: "[]", Doc: "Lines that add to the provider's outcome table, or override it."},
}}

// outcomeLines are the lines of an outcome table. There may be none.
var outcomeLines = listOf(0, presets.Lines.Item, presets.Lines.Expect)

// readSources reads the provider accounts. Each token must be unique, also beside those
// that are used otherwise.
func (r *reader) readSources(e *yamldoc.Entry, others map[string]string) []Source {
	owners := map[string]string{} // of tokens
	for token := range others {
		owners[token] = ""
	}
	delete(owners, "")
	var sources []Source
	for _, s := range e.Items() {
		source := Source{
			Name:           s.Get("name").Text(),
			Preset:         s.Get("preset").Text(),
			International:  s.Get("to").Text() == contactkey.International,
			From:           readRanges(s.Get("from")),
			RequireSendLog: s.Get("require_send_log").Bool(),
			Outcomes:       presets.ReadLines(s.Get("outcomes")),
		}
		known := readFormat(s, &source)
		source.Tokens = r.readTokens(s, owners, others)
		if source.PublicURL = presets.ReadPublicURL(s.Get("public_url")); known {
			presets.CheckCodes(s.Get("outcomes"), source.Format)
			source.Signature = r.readSignature(s, &source)
		}
		sources = append(sources, source)
	}
	return sources
}

// readTokens reads the tokens of a source, from the config and from its own file.
func (r *reader) readTokens(s *yamldoc.Entry, owners, others map[string]string) []string {
	var tokens []string
	own := s.Get("name").Text()
	if own == "" {
		own = "above" // the name has a problem of its own
	}
	add := func(e *yamldoc.Entry, token string) {
		owner, taken := owners[token]
		switch {
		case taken && owner == "":
			e.Report("this is also the token of "+others[token], "use different tokens for providers and for "+others[token])
		case taken:
			e.Report("this is also a token of the source "+yamldoc.Quote(owner), "a token identifies its source, so every source needs its own")
		default:
			owners[token] = own
			tokens = append(tokens, token)
		}
	}
	for _, e := range s.Get("tokens").Items() {
		if !e.Unset() && checkToken(e, e.Text()) {
			add(e, e.Text())
		}
	}
	file := s.Get("tokens_file")
	for _, token := range r.readTokenFile(file) {
		add(file, token)
	}
	if !s.Has("tokens") && !s.Has("tokens_file") && s.Valid() {
		s.ReportWhole("a source needs a token", `write tokens: ["${NAME}"] or tokens_file: FILE`)
	}
	return tokens
}

// readFormat reads how the callbacks of a source are read, and where their contact is. It
// reports whether that is known.
func readFormat(e *yamldoc.Entry, s *Source) (known bool) {
	var preset *provider.Format
	contact := ""
	if s.Preset != "" {
		found := presets.MustFind(s.Preset) // the shape has the names of all
		preset, contact = found.Format, found.Contact
	}
	if !e.Has("preset") && !e.Has("read") && e.Valid() {
		e.ReportWhole(`a source needs "preset" or "read"`, "known presets: "+strings.Join(presets.Names(), ", ")+"; read says how the callbacks of another provider are read")
	}
	format, ok := presets.ReadFormat(e.Get("read"), preset)
	s.Format = format
	if s.Contact = contact; e.Has("contact") {
		s.Contact = e.Get("contact").Text()
	}
	if !ok || !e.Valid() {
		return ok
	}
	if _, err := provider.New(provider.Config{Format: s.Format, Contact: s.Contact}); err != nil {
		at := e.Get("read")
		if at == nil {
			at = e.Get("contact")
		}
		at.ReportWhole(err.Error(), "")
	}
	return true
}
