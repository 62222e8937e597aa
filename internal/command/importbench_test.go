package command

import (
	"bytes"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"winnow/internal/apptest"
)

var importedLines = flag.Int("import-contacts", 20_000, "contacts of the import benchmark")

// BenchmarkImportContacts imports contacts with a phone and five attributes, and then the
// same file again, which changes nothing.
func BenchmarkImportContacts(b *testing.B) {
	var file strings.Builder
	file.WriteString("contact,phone,country,age,city,plan,last_order\n")
	for i := range *importedLines {
		fmt.Fprintf(&file, "crm-%d,+90555%07d,TR,%d,city-%d,pro,2026-01-%02d\n", i*7919%1_000_003, i%10_000_000, 18+i%60, i%81, 1+i%28)
	}
	var first, again time.Duration
	for b.Loop() {
		config := apptest.Config(b, b.TempDir(), "1h")
		for _, took := range []*time.Duration{&first, &again} {
			began := time.Now()
			var out, errs bytes.Buffer
			w := Process{Stdin: strings.NewReader(file.String()), Stdout: &out, Stderr: &errs}
			if Main([]string{"import", "contacts", "-", "--apply", "-c", config}, w) != exitOK {
				b.Fatal(errs.String())
			}
			*took += time.Since(began)
		}
	}
	b.ReportMetric(float64(*importedLines)*float64(b.N)/first.Seconds(), "contacts/s")
	b.ReportMetric(float64(*importedLines)*float64(b.N)/again.Seconds(), "contacts/s-again")
}
