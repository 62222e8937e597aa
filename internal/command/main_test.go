package command

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"winnow/internal/receiver"
)

// TestMain lets the test binary be winnow: in scripts by its name, and as the
// daemon of the tests that kill one.
func TestMain(m *testing.M) {
	if mode := os.Getenv("WINNOW_TEST_DAEMON"); mode != "" {
		os.Exit(testDaemon(mode, os.Args[1:]))
	}
	testscript.Main(m, map[string]func(){"winnow": func() {
		text, _ := os.ReadFile(os.Getenv("WINNOW_EXAMPLE"))
		os.Exit(Main(os.Args[1:], World{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Version: "test", Example: text}))
	}})
}

// Scripts run one command after the other, each a process of its own: the race
// detector, which is asked for short tests, would find nothing in them.
func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("each command is a process of its own")
	}
	path, err := filepath.Abs("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Setup: func(e *testscript.Env) error {
		e.Setenv("WINNOW_EXAMPLE", path)
		return nil
	}})
}

// child is a daemon in a process of its own.
type child struct {
	*exec.Cmd
	url string // of the callbacks, with the token
	api string
}

const testToken = "test-token-0123456789"

// testConfig is a config whose daemon listens on free ports, and sweeps and
// exports so often.
func testConfig(tb testing.TB, folder, every string) string {
	tb.Helper()
	text := fmt.Sprintf(`
listen: "127.0.0.1:0"
admin: {listen: "127.0.0.1:0"}
sources:
  - {name: insider, preset: insider, tokens: [%s]}
hygiene:
  sweep: "@every %s"
  rules:
    - {name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}
    - {name: retry, when: {outcome: soft_bounce}, then: {retry: {after: [4h]}}}
segments:
  - {name: reachable, where: {status: active}}
  - {name: do-not-text, suppressed: only, columns: [contact, reasons]}
exports:
  - {name: nightly, schedule: "@every %s", segments: [reachable, do-not-text], formats: [csv, json], to: [./exports]}
`, testToken, every, every)
	path := filepath.Join(folder, "winnow.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

var listening = regexp.MustCompile(`callbacks=(\S+) console=(\S+)`)

// startDaemon starts a daemon and waits until it listens.
func startDaemon(tb testing.TB, mode, config string) *child {
	tb.Helper()
	c := &child{Cmd: exec.Command(os.Args[0], "serve", "-c", config)}
	c.Env = append(os.Environ(), "WINNOW_TEST_DAEMON="+mode)
	stderr, err := c.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	var said strings.Builder
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			c.url, c.api = "http://"+m[1]+"/callbacks/"+testToken, "http://"+m[2]+"/api/v1"
			go func() {
				for lines.Scan() {
				}
			}()
			return c
		}
	}
	tb.Fatalf("the daemon did not listen:\n%s", said.String())
	return nil
}

func (c *child) kill(tb testing.TB) {
	tb.Helper()
	if err := c.Process.Signal(syscall.SIGKILL); err != nil {
		tb.Error(err)
	}
	c.Wait()
}

// end asks the daemon to end, and demands that it does well.
func (c *child) end(tb testing.TB) {
	tb.Helper()
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		tb.Error(err)
	}
	if err := c.Wait(); err != nil {
		tb.Errorf("the daemon ended with %v", err)
	}
}

// testDaemon is the daemon. In the modes of the benchmark its receiver keeps
// callbacks otherwise.
func testDaemon(mode string, args []string) int {
	if mode == "whole" {
		return Main(args, World{Stdout: os.Stdout, Stderr: os.Stderr, Version: "test"})
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	limitMemory()
	d, err := newDaemon(args[len(args)-1], "test", slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		panic(err)
	}
	d.receiver = receiver.New(receiver.Config{Log: testLogs[mode](d.store), Counter: d.metrics})
	if err := d.adopt(d.current.Load()); err != nil {
		panic(err)
	}
	if err := d.serve(ctx); err != nil {
		panic(err)
	}
	return 0
}
