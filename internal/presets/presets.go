// Package presets has the providers that are known, a file each, and reads how callbacks
// are read: in these files, and in the config of a source, in the same words.
//
// A file says where in a body the parts of an event are, what the provider's words and codes
// mean, and where that is known from. Its examples are callbacks and what is read in them;
// go test tries all. A preset is listed only if a body of the provider is known from its
// own pages, or from a test of a program that receives them.
//
// Codes and words come from pages of the providers; what they mean for a list is
// winnow's own judgement: whose fault it is, and whether it lasts.
//
// To add a provider: a file here, with examples. To add a key: a field in shape.go, the
// line that reads it in read.go, and what it does in package provider. A table of codes
// that several providers share is a file in tables.
package presets

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"winnow/hygiene/provider"
	"winnow/hygiene/provider/signature"
	"winnow/internal/yamldoc"
)

//go:embed *.yaml tables/*.yaml
var files embed.FS

// Preset is a provider that is known.
type Preset struct {
	Name        string
	Title       string
	Sources     []string // titles of pages that say so
	Confirmed   string
	Unconfirmed string // empty for nothing
	Retries     string // when it sends a callback again; empty where that is not known
	Vector      string // whose signature the verified examples have; empty for none
	Contact     string // where the contact is if a source does not say; empty for nowhere
	Format      *provider.Format
	Account     *signature.Account // verifies the examples; nil for none
	Examples    []Case
	Text        []byte // the file
}

// Names lists the presets in alphabetical order.
func Names() []string { return namesIn(".") }

// tableNames lists the shared tables of codes.
func tableNames() []string { return namesIn("tables") }

func namesIn(folder string) (names []string) {
	entries, err := files.ReadDir(folder)
	if err != nil {
		panic(err) // it is part of the program
	}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".yaml"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// What was read so far, by name.
var loadedPresets, loadedTables sync.Map

// Find returns a preset, which must not be changed. The error names those that there are.
func Find(name string) (*Preset, error) {
	if p, ok := loadedPresets.Load(name); ok {
		return p.(*Preset), nil
	}
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("unknown preset %q; known presets: %s", name, strings.Join(Names(), ", "))
	}
	text, err := files.ReadFile(name + ".yaml")
	if err != nil {
		return nil, err
	}
	p, err := parse(name, text)
	if err != nil {
		return nil, err
	}
	loadedPresets.Store(name, p)
	return p, nil
}

// MustFind is [Find] for a name that is known to be one.
func MustFind(name string) *Preset {
	p, err := Find(name)
	if err != nil {
		panic(err)
	}
	return p
}

// parse reads the file of a preset.
func parse(name string, content []byte) (*Preset, error) {
	doc := yamldoc.Read(name+".yaml", content, file, yamldoc.Options{})
	e := doc.Root
	p := &Preset{Name: name, Text: content, Title: e.Get("title").Text(), Confirmed: e.Get("confirmed").Text(), Unconfirmed: e.Get("unconfirmed").Text(), Retries: e.Get("retries").Text(), Vector: e.Get("vector").Text(), Contact: e.Get("contact").Text()}
	for _, s := range e.Get("sources").Items() {
		p.Sources = append(p.Sources, s.Text())
	}
	p.Format, _ = ReadFormat(e.Get("read"), nil)
	p.Format.Name, p.Format.RefuseMore = name, e.Get("refuse_more").Bool()
	p.Format.Handshake = provider.Handshake(e.Get("handshake").Text())
	if signs, ok := signature.OfPreset(name); ok {
		p.Format.Signs = signs
	}
	p.Account = readProof(e, name, p.Format.Signs)
	p.Examples = readExamples(e.Get("examples"))
	checkProof(e)
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return p, nil
}

// table is the lines of a shared table, without their events.
func table(name string) []provider.Line {
	if lines, ok := loadedTables.Load(name); ok {
		return slices.Clone(lines.([]provider.Line))
	}
	text, err := files.ReadFile("tables/" + name + ".yaml")
	if err != nil {
		panic(err) // it is part of the program
	}
	doc := yamldoc.Read(name+".yaml", text, tableFile, yamldoc.Options{})
	var lines []provider.Line
	for _, e := range doc.Root.Get("codes").Items() {
		for _, code := range e.Get("code").Items() {
			lines = append(lines, provider.Line{Code: code.Text(), Outcome: outcomeOf(e)})
		}
	}
	if err := doc.Err(); err != nil {
		panic(err) // it is part of the program
	}
	loadedTables.Store(name, lines)
	return slices.Clone(lines)
}
