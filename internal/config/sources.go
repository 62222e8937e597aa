package config

import (
	"winnow/hygiene"
	"winnow/hygiene/provider"
)

// readSources reads the provider accounts. No two doors share a secret.
func (r *reader) readSources(e *entry, admin string) []Source {
	owners := map[string]string{} // of tokens
	if admin != "" {
		owners[admin] = ""
	}
	var sources []Source
	for _, s := range e.each() {
		source := Source{
			Name:     s.get("name").words(),
			Preset:   s.get("preset").words(),
			Contact:  s.get("contact").words(),
			Outcomes: r.readOutcomes(s.get("outcomes")),
		}
		source.Tokens = r.tokens(s, owners)
		sources = append(sources, source)
	}
	return sources
}

// tokens are the secrets of a source from the file itself and from a file beside.
func (r *reader) tokens(s *entry, owners map[string]string) []string {
	var tokens []string
	own := s.get("name").words()
	if own == "" {
		own = "above" // its name is a problem of its own
	}
	add := func(e *entry, token string) {
		owner, taken := owners[token]
		switch {
		case taken && owner == "":
			r.tellAt(e, "this is also the token of admin", "providers and people need secrets of their own")
		case taken:
			r.tellAt(e, "this is also a token of the source "+quote(owner), "a token tells which source calls back, so no two share one")
		default:
			owners[token] = own
			tokens = append(tokens, token)
		}
	}
	for _, e := range s.get("tokens").each() {
		if !e.unset && r.token(e, e.text) {
			add(e, e.text)
		}
	}
	beside := s.get("tokens_file")
	for _, token := range r.secretFile(beside) {
		add(beside, token)
	}
	if !s.has("tokens") && !s.has("tokens_file") && !s.flawed {
		r.at(s.place.at, s.place, "a source needs a token", `write tokens: ["${NAME}"], or tokens_file`)
	}
	return tokens
}

// readOutcomes reads the lines of a table of outcomes.
func (r *reader) readOutcomes(e *entry) []provider.Line {
	var lines []provider.Line
	seen := map[[2]string]bool{}
	for _, l := range e.each() {
		line := provider.Line{Event: eventWord(l.get("event").words()), Code: l.get("code").words()}
		line.Outcome, _ = hygiene.ParseOutcome(l.get("outcome").words())
		if key := [2]string{line.Event, line.Code}; l.sound() && line.Event != "" {
			if seen[key] {
				r.tellAt(l, "a line for this event and code is there already", "keep one of them")
			}
			seen[key] = true
		}
		lines = append(lines, line)
	}
	return lines
}
