package command

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"winnow/internal/apptest"
	"winnow/internal/ui"
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

var importedSuppressions = flag.Int("import-suppressions", 20_000, "suppressions of the import benchmark, and contacts in its store")

// BenchmarkImportSuppressions imports suppressions of all contacts, in another order than
// theirs, as a process of its own: by phone number, and by key.
func BenchmarkImportSuppressions(b *testing.B) {
	n := *importedSuppressions
	// Numbers are in another order than the contacts.
	phone := func(i int) string { return fmt.Sprintf("+90532%07d", i*7_919%10_000_000) }
	var contacts strings.Builder
	contacts.WriteString("contact,phone\n")
	for i := range n {
		fmt.Fprintf(&contacts, "crm-%08d,%s\n", i, phone(i))
	}
	order := rand.New(rand.NewPCG(1, 1)).Perm(n)
	for by, value := range map[string]func(i int) string{"phone": phone, "key": func(i int) string { return fmt.Sprintf("crm-%08d", i) }} {
		b.Run("by "+by, func(b *testing.B) {
			for b.Loop() {
				folder := b.TempDir()
				config, list := apptest.Config(b, folder, "1h"), filepath.Join(folder, "optouts.csv")
				var file, out, errs bytes.Buffer
				fmt.Fprintf(&file, "%s,reason\n", map[string]string{"phone": "phone", "key": "contact"}[by])
				for _, i := range order {
					fmt.Fprintf(&file, "%s,opted_out\n", value(i))
				}
				if err := os.WriteFile(list, file.Bytes(), 0o600); err != nil {
					b.Fatal(err)
				}
				w := Process{Stdin: strings.NewReader(contacts.String()), Stdout: &out, Stderr: &errs}
				if Main([]string{"import", "contacts", "-", "--apply", "-c", config}, w) != exitOK {
					b.Fatal(errs.String())
				}
				c := exec.Command(os.Args[0], "import", "suppressions", list, "--by", by, "--apply", "-c", config)
				c.Env = append(os.Environ(), "WINNOW_TEST_DAEMON=serve")
				began := time.Now()
				text, err := c.CombinedOutput()
				took := time.Since(began)
				if err != nil || !strings.Contains(string(text), fmt.Sprintf("%s suppressions were added", ui.Number(int64(n)))) {
					b.Fatalf("%v: %s", err, text)
				}
				usage := c.ProcessState.SysUsage().(*syscall.Rusage)
				cpu := c.ProcessState.UserTime() + c.ProcessState.SystemTime()
				b.Logf("%d suppressions by %s: %v, CPU %v, peak %d MiB, %d MiB written", n, by, took.Round(10*time.Millisecond), cpu.Round(10*time.Millisecond), usage.Maxrss>>10, usage.Oublock*512>>20)
				b.ReportMetric(float64(n)/took.Seconds(), "suppressions/s")
				b.ReportMetric(float64(usage.Maxrss>>10), "MiB-peak")
				b.ReportMetric(float64(usage.Oublock)*512/float64(n), "B-written/suppression")
			}
		})
	}
}
