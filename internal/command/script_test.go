package command

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// A script's line "winnow ARGUMENTS" runs the command line in the process of the test, in
// the folder and environment of the script: a process of its own costs ten times as much.
// "exec winnow ARGUMENTS" starts one, for what only a process shows: a signal, what it
// inherits, a variable that the script sets itself. "input FILE" is what stdin is for
// processes: what the next command line reads. "database NAME" makes a PostgreSQL database,
// and "block URL" stops a migration into one. "found PATTERN" looks into every file, "drop
// STORE" removes a store.
//
// Scripts run one after the other, since a process has one folder and one environment.
func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("nothing in them is concurrent: the race detector, which runs short tests, would find nothing")
	}
	t.Setenv("PATH", winnowOnPath(t)+string(filepath.ListSeparator)+os.Getenv("PATH"))
	testscript.RunT(inOrder{t}, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv(exampleVariable, examplePath(t))
			stores := &scriptStores{e.T().(inOrder).T, e.WorkDir, map[string]string{}}
			e.Values[scriptKey{}] = &scriptState{environment: e.Vars, stdin: strings.NewReader(""), stores: stores}
			return stores.move()
		},
		Condition: scriptCondition,
		Cmds:      map[string]func(*testscript.TestScript, bool, []string){"winnow": runInScript, "input": inputOfScript, "found": foundInScript, "drop": dropInScript, "database": databaseInScript, "block": blockInScript, "unblock": unblockInScript},
	})
}

// exampleVariable names the file that a process of winnow takes as its example config.
const exampleVariable = "WINNOW_EXAMPLE"

// beWinnow is the whole of a process that a script starts as winnow.
func beWinnow() {
	text, _ := os.ReadFile(os.Getenv(exampleVariable))
	os.Exit(Main(os.Args[1:], Process{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Version: "test", ExampleConfig: text}))
}

// winnowOnPath returns a folder in which winnow is this test binary.
func winnowOnPath(t *testing.T) string {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(folder, "winnow")); err != nil {
		t.Fatal(err)
	}
	return folder
}

func examplePath(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// scriptState is what the command lines of one script share.
type scriptState struct {
	environment []string // as the script began
	stdin       io.Reader
	stores      *scriptStores
	unblock     func() // ends the command block
}

type scriptKey struct{}

// inOrder is a test whose parts ask in vain to run in parallel.
type inOrder struct{ *testing.T }

func (t inOrder) Parallel() {}

func (t inOrder) Verbose() bool { return testing.Verbose() }

func (t inOrder) Run(name string, part func(testscript.T)) {
	t.T.Run(name, func(t *testing.T) { part(inOrder{t}) })
}

// inputOfScript is the script's command "input FILE".
func inputOfScript(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: input FILE")
	}
	ts.Value(scriptKey{}).(*scriptState).stdin = strings.NewReader(ts.ReadFile(args[0]))
}

// runInScript is the script's command "winnow ARGUMENTS".
func runInScript(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(scriptKey{}).(*scriptState)
	stdin := s.stdin
	s.stdin = strings.NewReader("")
	defer s.enter(ts)()
	example, err := os.ReadFile(ts.Getenv(exampleVariable))
	ts.Check(err)
	var stdout, stderr bytes.Buffer
	status := run(context.Background(), args, Process{Stdin: stdin, Stdout: &stdout, Stderr: &stderr, Version: "test", ExampleConfig: example})
	io.Copy(ts.Stdout(), &stdout)
	io.Copy(ts.Stderr(), &stderr)
	switch {
	case status != 0 && !neg:
		ts.Fatalf("exit status %d", status)
	case status == 0 && neg:
		ts.Fatalf("unexpected success")
	}
}

// enter gives the process the script's folder and environment, until leave.
func (s *scriptState) enter(ts *testscript.TestScript) (leave func()) {
	folder, err := os.Getwd()
	ts.Check(err)
	environment, growth := os.Environ(), debug.SetGCPercent(100)
	ts.Check(os.Chdir(ts.MkAbs(".")))
	os.Clearenv()
	for _, variable := range s.environment {
		name, _, _ := strings.Cut(variable, "=")
		os.Setenv(name, ts.Getenv(name))
	}
	return func() {
		os.Clearenv()
		for _, variable := range environment {
			name, value, _ := strings.Cut(variable, "=")
			os.Setenv(name, value)
		}
		debug.SetGCPercent(growth)
		ts.Check(os.Chdir(folder))
	}
}
