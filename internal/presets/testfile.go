package presets

import (
	"fmt"
	"io"
	"os"

	"winnow/hygiene/provider"
	"winnow/hygiene/provider/signature"
	"winnow/internal/yamldoc"
)

// Test is a file that tries a preset, or a format of one's own.
type Test struct {
	Format   *provider.Format
	Contact  string             // where the contact is
	Region   string             // of phone numbers without a country code
	Account  *signature.Account // verifies the examples; nil for none
	Examples []Case
}

// maxTest is the most bytes that such a file may have.
const maxTest = 8 << 20

// LoadTest reads and checks a file. The error is a [*yamldoc.Problems] when the file can be
// read and has problems.
func LoadTest(path string) (*Test, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxTest+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxTest {
		return nil, fmt.Errorf("%s is larger than 8 MiB; split it into several files", path)
	}
	return parseTest(path, text)
}

func parseTest(path string, text []byte) (*Test, error) {
	doc := yamldoc.Read(path, text, testFile, yamldoc.Options{Env: os.LookupEnv, RequireSecret: func(*yamldoc.Shape) bool { return true }, EmptyHint: "write read: or preset:, and examples: with a list below it"})
	e := doc.Root
	t := &Test{Contact: e.Get("contact").Text(), Region: e.Get("region").Text()}
	var base *provider.Format
	if name := e.Get("preset"); name != nil {
		p := MustFind(name.Text()) // the shape has the names of all
		base = p.Format
		if t.Contact == "" {
			t.Contact = p.Contact
		}
	}
	ok := false
	t.Format, ok = ReadFormat(e.Get("read"), base)
	if !e.Has("preset") && !e.Has("read") && e.Valid() {
		e.ReportKey("examples", `the file needs "preset" or "read"`, "write preset: twilio, or how callbacks are read")
	}
	if ok || !e.Has("read") {
		t.Account = readProof(e, e.Get("preset").Text(), t.Format.Signs)
	}
	t.Examples = readExamples(e.Get("examples"))
	checkProof(e)
	if ok && doc.Err() == nil {
		if _, err := provider.New(provider.Config{Format: t.Format, Contact: t.Contact}); err != nil {
			e.ReportKey("examples", err.Error(), "")
		}
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return t, nil
}
