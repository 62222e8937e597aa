package sources

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"winnow/internal/presets"
)

var update = flag.Bool("update", false, "write the table of presets into the README")

// The README's table of presets is made of what winnow source list --json says.
func TestTheREADMEHasWhatPresetsCanDo(t *testing.T) {
	const file, head = "../../README.md", "| preset | callbacks | examples | words, codes | verified with | signed by | answers | sends again | not confirmed |\n"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := bytes.Cut(text, []byte(head))
	if !found {
		t.Fatal("the table of presets is missing")
	}
	is, after, _ := bytes.Cut(rest, []byte("\n\n"))
	want := "|---|---|--:|---|---|---|---|---|---|"
	cell := func(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
	for _, name := range presets.Names() {
		p, err := describe(presets.MustFind(name))
		if err != nil {
			t.Fatal(err)
		}
		vector, again := "", p.Can.SentAgain
		if p.Can.Signature != nil {
			vector = p.Can.Signature.Vector
		}
		if again == "" {
			again = "not known"
		}
		want += fmt.Sprintf("\n| `%s` | %s | %d | %d, %d | %s | %s | %d, %d | %s | %s |", p.Name, p.requests(), p.Examples, p.Can.Words, p.Can.Codes, p.verifiedWith(), cell(vector), p.Can.Answer.OK, p.Can.Answer.Again, cell(again), cell(p.Unconfirmed))
	}
	if string(is) == want {
		return
	}
	if !*update {
		t.Errorf("the table of presets differs; write it with go test ./internal/sources -run README -update\n%s", want)
		return
	}
	changed := append(append(append(append([]byte{}, before...), head+want...), "\n\n"...), after...)
	if err := os.WriteFile(file, changed, 0o644); err != nil {
		t.Fatal(err)
	}
}
