package presets

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/internal/yamldoc"
	"winnow/internal/yamldoc/yamldoctest"
)

// Each mistake is reported with its place, and with what to do about it.
func TestAMistakeInAFileOfExamplesIsReportedWhereItIs(t *testing.T) {
	for _, c := range yamldoctest.Cases(t, "testdata/bad") {
		_, err := parseTest("gateway.yaml", c.Text)
		var problems *yamldoc.Problems
		if !errors.As(err, &problems) {
			t.Errorf("%s is accepted, or has another error: %v", c.Name, err)
			continue
		}
		c.Expect(t, problems.Error()+"\n")
	}
}

// A secret of the environment may verify examples, too, and nothing else is expanded.
func TestASecretOfExamplesMayComeFromTheEnvironment(t *testing.T) {
	t.Setenv("WINNOW_TEST_GATEWAY", "a-secret")
	file := filepath.Join(t.TempDir(), "gateway.yaml")
	text := `read: {id: id, event: status, signature: {hmac: sha256, header: X-Signature, parts: [body]}}
signature: {secret: "${WINNOW_TEST_GATEWAY}"}
examples:
  - headers: {X-Signature: 53d9ff0f4abc1ef05d0a9a7ef3d0fc4dba9a8b9fab6d9e03b4b8e7b0c9e5b1a4}
    body: "{}"
    verified: false
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	is, err := LoadTest(file)
	if err != nil {
		t.Fatal(err)
	}
	x := is.Examples[0]
	if wrong := x.Try(is.Format, "", "", is.Account); len(wrong) > 0 {
		t.Error(wrong)
	}
	_, err = parseTest(file, []byte(strings.Replace(text, "_GATEWAY", "_OTHER", 1)))
	if err == nil || !strings.Contains(err.Error(), "environment variable WINNOW_TEST_OTHER is not set") {
		t.Error(err)
	}
}
