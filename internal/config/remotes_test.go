package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/segments"
)

func TestABadPasswordFileIsReportedOnceAndAtEveryDelivery(t *testing.T) {
	dir := t.TempDir()
	const text = `sources: [{name: insider, preset: insider, tokens: [0123456789abcdef]}]
hygiene: {rules: [{name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}]}
segments: [{name: here, where: {status: active}}]
exports:
  - {name: nightly, schedule: "0 2 * * *", segments: [here], to: [{url: sftp://ann@drop.example.com/in, password_file: %s, host_key: "SHA256:RlqpWZaeEuY4LNeRfyLFXJZSq7bzWkWLtWE3mbPEOHk"}]}
`
	for want, content := range map[string]string{"contains no password": "\n", "contains more than one line": "correct-horse\n# ours\n", "cannot read": ""} {
		file := filepath.Join(dir, strings.ReplaceAll(want, " ", "-"))
		if content != "" {
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		full := []byte(fmt.Sprintf(text, file))
		_, err := Parse(filepath.Join(dir, "winnow.yaml"), full, Options{Secrets: SecretsRequired})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "nothing is given") || strings.Contains(err.Error(), "correct-horse") {
			t.Errorf("want %q reported once: %v", want, err)
		}
		for _, o := range []Options{{}, {Secrets: SecretsRequiredToListen}} {
			c, err := Parse(filepath.Join(dir, "winnow.yaml"), full, o)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Exports[0].Remotes[0].Deliver(t.Context(), segments.Delivery{}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("a delivery says %v, want %q", err, want)
			}
		}
	}
}

// Two names of one directory would be written at once, each taking the other's
// drafts away.
func TestADirectoryIsADestinationOnceUnderAnyName(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "exports"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("exports", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"./exports, ./link", "./link, exports/", "./exports, ./exports", "./new, ./exports/../new"} {
		_, err := Parse(filepath.Join(dir, "winnow.yaml"), []byte(`sources: [{name: insider, preset: insider, tokens: [0123456789abcdef]}]
hygiene: {rules: [{name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}]}
segments: [{name: here, where: {status: active}}]
exports: [{name: nightly, schedule: "0 2 * * *", segments: [here], to: [`+to+`]}]
`), Options{})
		if err == nil || !strings.Contains(err.Error(), "is there already") {
			t.Errorf("%s: %v", to, err)
		}
	}
}
