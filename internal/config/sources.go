package config

import (
	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/hygiene/provider"
	"winnow/internal/yamldoc"
)

var source = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, AnyOf: []string{"tokens", "tokens_file"}, Fields: []yamldoc.Field{
	{Key: "name", Shape: NameShape, Required: true, Doc: "Name of the account in events and metrics."},
	{Key: "preset", Shape: choice("a preset like insider", "preset", provider.Presets()...), Required: true, Doc: "The provider. It decides how callbacks are read and what their codes mean."},
	{Key: "tokens", Omit: true, Shape: listOf(1, token, "a list of tokens"), Doc: "Secrets at the end of the callback URL; several while one is being replaced."},
	{Key: "tokens_file", Omit: true, Shape: PathShape, Doc: "File with more tokens, one per line, relative to this file."},
	{Key: "from", Omit: true, Shape: addressRanges, Doc: "Addresses that the provider sends from; requests from others are answered as those with an unknown token. Default: every address."},
	{Key: "contact", Shape: pattern("a dotted path like uniqueArgs.contact_id", `^[^.\s]+(\.[^.\s]+)*$`), Default: "uniqueArgs.contact_id", Doc: "Dotted path of the contact's key in a callback."},
	{Key: "to", Shape: choice("international", "form of phone numbers", contactkey.International), Doc: "How phone numbers in callbacks are written: international, for numbers that begin with their country code and have no +. Default: as contacts.region says."},
	{Key: "require_send_log", Shape: BoolShape, Default: "false", Doc: "Whether only events of messages that the send log has act; the others wait as unmatched. Someone who learns the callback URL can then change nothing about contacts."},
	{Key: "outcomes", Omit: true, Shape: listOf(0, line, "a list like {event: undelivered, code: 1499, outcome: soft_bounce}"), Default: "[]", Doc: "Lines that add to the provider's outcome table, or override it."},
}}

var line = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Fields: []yamldoc.Field{
	{Key: "event", Shape: EventShape, Required: true, Doc: "The provider's name for the event; case does not matter."},
	{Key: "code", Shape: CodeShape, Doc: "The provider's code. Without it, the line applies to all codes that have no line of their own."},
	{Key: "outcome", Shape: OutcomeShape, Required: true, Doc: "What the event means."},
}}

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
			Contact:        s.Get("contact").Text(),
			International:  s.Get("to").Text() == contactkey.International,
			From:           readRanges(s.Get("from")),
			RequireSendLog: s.Get("require_send_log").Bool(),
			Outcomes:       readOutcomeLines(s.Get("outcomes")),
		}
		source.Tokens = r.readTokens(s, owners, others)
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

// readOutcomeLines reads the lines of an outcome table.
func readOutcomeLines(e *yamldoc.Entry) []provider.Line {
	var lines []provider.Line
	seen := map[[2]string]bool{}
	for _, l := range e.Items() {
		line := provider.Line{Event: provider.NormalizeEvent(l.Get("event").Text()), Code: l.Get("code").Text()}
		line.Outcome, _ = hygiene.ParseOutcome(l.Get("outcome").Text())
		if key := [2]string{line.Event, line.Code}; l.Valid() && line.Event != "" {
			if seen[key] {
				l.Report("duplicate line for this event and code", "keep one of them")
			}
			seen[key] = true
		}
		lines = append(lines, line)
	}
	return lines
}
