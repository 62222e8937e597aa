package atomicfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnInputThatGrowsWhileItIsReadIsReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(path, []byte("key\nann\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	unchanged := Unchanged(in)
	if err := unchanged(); err != nil {
		t.Error(err)
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := out.WriteString("bob\n"); err != nil {
		t.Fatal(err)
	}
	if err := unchanged(); err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("a list that grew: %v", err)
	}
	if err := Unchanged(strings.NewReader("a pipe"))(); err != nil {
		t.Error(err)
	}
}
