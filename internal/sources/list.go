package sources

import (
	"fmt"

	"winnow/internal/presets"
	"winnow/internal/ui"
)

// preset is a preset as JSON.
type preset struct {
	Name        string   `json:"name"`
	Title       string   `json:"title"`
	Sources     []string `json:"sources,omitempty"`
	Confirmed   string   `json:"confirmed,omitempty"`
	Unconfirmed string   `json:"unconfirmed,omitempty"`
	Contact     string   `json:"contact,omitempty"`
	Outcomes    []line   `json:"outcomes,omitempty"`
	Examples    int      `json:"examples,omitempty"`
}

// line is a line of an outcome table as JSON.
type line struct {
	Event   string `json:"event"`
	Code    string `json:"code,omitempty"`
	Outcome string `json:"outcome"`
}

// List prints the presets.
func List(out *ui.Printer) error {
	list := []preset{}
	rows := [][]string{}
	for _, name := range presets.Names() {
		p, err := presets.Find(name)
		if err != nil {
			return err
		}
		list = append(list, preset{Name: p.Name, Title: p.Title})
		rows = append(rows, []string{p.Name, p.Title})
	}
	if out.JSON {
		return out.PrintJSON(list)
	}
	ui.Table(out.Stdout, rows)
	_, err := fmt.Fprintln(out.Stdout, "winnow source show NAME prints one; read: in the config reads the callbacks of any other provider")
	return err
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
	table, err := p.Format.Table(nil)
	if err != nil {
		return err
	}
	shown := preset{Name: p.Name, Title: p.Title, Sources: p.Sources, Confirmed: p.Confirmed, Unconfirmed: p.Unconfirmed, Contact: p.Contact, Examples: len(p.Examples)}
	for _, l := range table.Lines() {
		shown.Outcomes = append(shown.Outcomes, line{l.Event, l.Code, l.Outcome.String()})
	}
	return out.PrintJSON(shown)
}
