package command

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/internal/atomicfile"
)

// storeWithFiles is [storeWithList] for commands that need files as stdin and stdout.
// path returns the path of a file in the folder.
func storeWithFiles(t *testing.T, list string) (path func(name string) string, winnow func(stdin io.Reader, stdout io.Writer, args ...string) (int, string)) {
	t.Helper()
	folder, _ := storeWithList(t, list)
	path = func(name string) string { return filepath.Join(folder, name) }
	winnow = func(stdin io.Reader, stdout io.Writer, args ...string) (int, string) {
		var stderr bytes.Buffer
		code := run(t.Context(), append([]string{"-c", path("winnow.yaml")}, args...), Process{Stdin: stdin, Stdout: stdout, Stderr: &stderr})
		return code, stderr.String()
	}
	return path, winnow
}

func openFile(t *testing.T, path string, flags int) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestTheFileThatStdinReadsIsNotOverwritten(t *testing.T) {
	const list = "key\nann\nann\n"
	path, winnow := storeWithFiles(t, list)
	name := path("list.csv")
	for _, args := range [][]string{
		{"scrub", "-", "--column", "key", "-o", name},
		{"scrub", "-", "--column", "key", "--rejected", name},
		{"import", "contacts", "-", "--key", "key", "--rejected", name},
	} {
		code, stderr := winnow(openFile(t, name, os.O_RDONLY), io.Discard, args...)
		if text, err := os.ReadFile(name); code != exitUsage || !strings.Contains(stderr, "stdin reads "+name) || err != nil || string(text) != list {
			t.Errorf("%v: exit %d: %s; the list is now %q, %v", args, code, stderr, text, err)
		}
	}
	code, stderr := winnow(openFile(t, name, os.O_RDONLY), openFile(t, name, os.O_WRONLY|os.O_APPEND), "scrub", "-", "--column", "key")
	if text, err := os.ReadFile(name); code != exitUsage || err != nil || string(text) != list {
		t.Errorf("appended to itself: exit %d: %s; the list is now %q, %v", code, stderr, text, err)
	}
}

func TestAFileWhoseNameEndsInADashIsNotOverwritten(t *testing.T) {
	path, winnow := storeWithFiles(t, "")
	const list = "key\nann\nann\n"
	if err := os.WriteFile(path("list-"), []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stderr := winnow(nil, io.Discard, "scrub", path("list-"), "--column", "key", "-o", path("list-"))
	if text, err := os.ReadFile(path("list-")); code != exitUsage || err != nil || string(text) != list {
		t.Errorf("exit %d: %s; the list is now %q, %v", code, stderr, text, err)
	}
}

func TestTheCleanListAndTheRejectedLinesMustBeTwoFiles(t *testing.T) {
	path, winnow := storeWithFiles(t, "key\nann\nann\n")
	code, stderr := winnow(nil, openFile(t, path("out.csv"), os.O_CREATE|os.O_WRONLY), "scrub", path("list.csv"), "--column", "key", "--rejected", path("out.csv"))
	if code != exitUsage || !strings.Contains(stderr, "two different files") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestADashIsStdoutAndNotAFile(t *testing.T) {
	path, winnow := storeWithFiles(t, "key\nann\nann\n")
	t.Chdir(t.TempDir())
	var stdout bytes.Buffer
	if code, stderr := winnow(nil, &stdout, "scrub", path("list.csv"), "--column", "key", "-o", "-"); code != exitOK || stdout.String() != "key\nann\n" {
		t.Errorf("exit %d: %s; %q", code, stderr, stdout.String())
	}
	if code, stderr := winnow(nil, io.Discard, "scrub", path("list.csv"), "--column", "key", "--rejected", "-"); code != exitUsage {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("there are files: %v, %v", left, err)
	}
}

func TestAnInterruptEndsTheWaitForStdin(t *testing.T) {
	path, _ := storeWithFiles(t, "")
	for _, args := range [][]string{
		{"scrub", "-", "--column", "key"},
		{"import", "contacts", "-", "--apply"},
		{"import", "messages", "-"},
		{"import", "events", "-"},
		{"list", "add", "staff", "-"},
	} {
		ctx, interrupt := context.WithCancel(t.Context())
		in, out := io.Pipe() // has a header and no end
		go func() {
			io.WriteString(out, "key,contact,message_id\n")
			interrupt()
		}()
		var stderr bytes.Buffer
		code := run(ctx, append([]string{"-c", path("winnow.yaml")}, args...), Process{Stdin: in, Stdout: io.Discard, Stderr: &stderr})
		if code != exitFailed || strings.Count(stderr.String(), "interrupted") != 1 || strings.Contains(stderr.String(), "context") {
			t.Errorf("%v: exit %d: %s", args, code, stderr.String())
		}
		out.Close()
	}
}

func TestAnInterruptedReportSaysSo(t *testing.T) {
	path, _ := storeWithFiles(t, "")
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	var stderr bytes.Buffer
	code := run(ctx, []string{"-c", path("winnow.yaml"), "report"}, Process{Stdout: io.Discard, Stderr: &stderr})
	if want := "winnow: report: interrupted\n"; code != exitFailed || stderr.String() != want {
		t.Errorf("exit %d: %s; want %s", code, stderr.String(), want)
	}
}

func TestAFileThatGrowsWhileItIsReadIsDetected(t *testing.T) {
	path, _ := storeWithFiles(t, "key\nann\n")
	read := openFile(t, path("list.csv"), os.O_RDONLY)
	unchanged := atomicfile.Unchanged(read)
	if err := unchanged(); err != nil {
		t.Error(err)
	}
	if _, err := openFile(t, path("list.csv"), os.O_WRONLY|os.O_APPEND).WriteString("bob\n"); err != nil {
		t.Fatal(err)
	}
	if err := unchanged(); err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("a list that grew: %v", err)
	}
	if err := atomicfile.Unchanged(strings.NewReader("a pipe"))(); err != nil {
		t.Error(err)
	}
}
