package sources

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"winnow/internal/presets"
	"winnow/internal/ui"
)

// preset is a preset as JSON.
type preset struct {
	Name        string       `json:"name"`
	Title       string       `json:"title"`
	Sources     []string     `json:"sources,omitempty"`
	Confirmed   string       `json:"confirmed,omitempty"`
	Unconfirmed string       `json:"unconfirmed,omitempty"`
	Contact     string       `json:"contact,omitempty"`
	Outcomes    []line       `json:"outcomes,omitempty"`
	Can         capabilities `json:"can"`
	Examples    int          `json:"examples"`
}

// capabilities are what winnow can do with the callbacks of a preset.
type capabilities struct {
	Methods   []string `json:"methods"`
	Batch     bool     `json:"batch"`                // several events in one request
	Inside    bool     `json:"inside"`               // JSON with the events in a text of the body
	Words     int      `json:"words"`                // of the provider that have an outcome
	Codes     int      `json:"codes"`                // that have an outcome
	Handshake string   `json:"handshake,omitempty"`  // that is answered
	Signature *signed  `json:"signature,omitempty"`  // absent where nothing that is known is signed
	Answer    answer   `json:"answer"`               // to callbacks that are stored, and that are not
	SentAgain string   `json:"sent_again,omitempty"` // by the provider; absent where that is not known
}

// signed says what the provider signs, as a source verifies it.
type signed struct {
	With       string   `json:"with"` // the key of signature
	Algorithms []string `json:"algorithms,omitempty"`
	Default    string   `json:"default_algorithm,omitempty"`
	PublicURL  bool     `json:"public_url"` // public_url is required
	Examples   int      `json:"examples"`   // that are verified
	Vector     string   `json:"vector,omitempty"`
}

type answer struct {
	OK    int `json:"ok"`
	Again int `json:"again"`
}

// line is a line of an outcome table as JSON.
type line struct {
	Event   string `json:"event"`
	Code    string `json:"code,omitempty"`
	Outcome string `json:"outcome"`
}

// describe is a preset without its outcome table.
func describe(p *presets.Preset) (preset, error) {
	table, err := p.Format.Table(nil)
	if err != nil {
		return preset{}, err
	}
	can := capabilities{Methods: p.Format.Methods, Handshake: string(p.Format.Handshake), SentAgain: p.Retries,
		Answer: answer{cmp.Or(p.Format.Answer.OK, http.StatusOK), cmp.Or(p.Format.Answer.Again, http.StatusServiceUnavailable)}}
	if len(can.Methods) == 0 {
		can.Methods = []string{http.MethodPost}
	}
	for _, s := range p.Format.Shapes {
		can.Batch = can.Batch || strings.Contains(s.Each, "[]")
	}
	var words, codes []string
	for _, l := range table.Lines() {
		if !slices.Contains(words, l.Event) {
			words = append(words, l.Event)
		}
		if l.Code != "" && l.Code != "none" && !slices.Contains(codes, l.Code) {
			codes = append(codes, l.Code)
		}
	}
	can.Inside, can.Words, can.Codes = p.Format.Inside != "", len(words), len(codes)
	for _, scheme := range p.Format.Signs.Schemes {
		can.Signature = &signed{With: string(scheme.Needs()), Algorithms: p.Format.Signs.Algorithms(), Default: p.Format.Signs.Default, PublicURL: scheme.SignsURL(), Vector: p.Vector}
	}
	for _, x := range p.Examples {
		if can.Signature != nil && x.Verified != nil && *x.Verified {
			can.Signature.Examples++
		}
	}
	return preset{Name: p.Name, Title: p.Title, Unconfirmed: p.Unconfirmed, Can: can, Examples: len(p.Examples)}, nil
}

// List prints the presets, and what each can do.
func List(out *ui.Printer) error {
	list := []preset{}
	rows := [][]string{{"NAME", "REQUESTS", "WORDS", "CODES", "VERIFIED WITH", "TITLE"}}
	for _, name := range presets.Names() {
		p, err := presets.Find(name)
		if err != nil {
			return err
		}
		is, err := describe(p)
		if err != nil {
			return err
		}
		list = append(list, is)
		rows = append(rows, []string{is.Name, is.requests(), ui.Number(int64(is.Can.Words)), ui.Number(int64(is.Can.Codes)), is.verifiedWith(), is.Title})
	}
	if out.JSON {
		return out.PrintJSON(list)
	}
	ui.Table(out.Stdout, rows)
	_, err := fmt.Fprintln(out.Stdout, "winnow source show NAME prints one, with what is not confirmed; read: in the config reads the callbacks of any other provider")
	return err
}

// requests are the methods, and whether a request may have several events.
func (p *preset) requests() string {
	text := strings.Join(p.Can.Methods, ", ")
	if p.Can.Batch {
		text += ", batches"
	}
	return text
}

// verifiedWith are the keys of a source that verify the callbacks.
func (p *preset) verifiedWith() string {
	s := p.Can.Signature
	if s == nil {
		return "nothing"
	}
	text := s.With
	if len(s.Algorithms) > 0 && s.Default == "" {
		text += ", algorithm"
	}
	if s.PublicURL {
		text += ", public_url"
	}
	return text
}

// Show prints a preset: its file, or, as JSON, what it says.
func Show(out *ui.Printer, name string) error {
	p, err := presets.Find(name)
	if err != nil {
		return ui.Usagef("%w", err)
	}
	if !out.JSON {
		_, err := out.Stdout.Write(p.Text)
		return err
	}
	shown, err := describe(p)
	if err != nil {
		return err
	}
	table, err := p.Format.Table(nil)
	if err != nil {
		return err
	}
	shown.Sources, shown.Confirmed, shown.Contact = p.Sources, p.Confirmed, p.Contact
	for _, l := range table.Lines() {
		shown.Outcomes = append(shown.Outcomes, line{l.Event, l.Code, l.Outcome.String()})
	}
	return out.PrintJSON(shown)
}
