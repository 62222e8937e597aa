package testfile

import (
	"os"
	"testing"

	"winnow/internal/yamldoc/yamldoctest"
)

func TestEveryKeyIsRead(t *testing.T) {
	c, sources := tested(t)
	text, err := os.ReadFile("testdata/good/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	read := func(text []byte) (any, error) { return Parse("testdata/good/tests.yaml", text, c, sources) }
	yamldoctest.EveryKeyIsRead(t, file, read, text, []byte(`
tests:
  - name: the rest
    events: {allow: {reason: dormant, note: asked us}}
    expect: {at: 1h, tags: content-review}
    never: {rule: sunset, reasons: [dormant], until: 5h, tags: [content-review], segments: {staff: true}, in: staff, not_in: staff}
`))
}
