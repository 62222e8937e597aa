package command

import (
	"bufio"
	"context"
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

	"winnow/internal/apptest"
	"winnow/internal/daemon"
	"winnow/internal/exports"
)

// TestMain lets the test binary be winnow: in scripts by its name, and as the
// daemon of the tests that kill one.
func TestMain(m *testing.M) {
	exports.DeliveryBackoff = exports.Backoff{} // nobody waits in a test, and neither do its daemons and commands
	if mode := os.Getenv("WINNOW_TEST_DAEMON"); mode != "" {
		os.Exit(testDaemon(mode, os.Args[1:]))
	}
	testscript.Main(m, map[string]func(){"winnow": func() {
		text, _ := os.ReadFile(os.Getenv("WINNOW_EXAMPLE"))
		os.Exit(Main(os.Args[1:], Process{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Version: "test", ExampleConfig: text}))
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
			c.url, c.api = "http://"+m[1]+"/callbacks/"+apptest.Token, "http://"+m[2]+"/api/v1"
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
		return Main(args, Process{Stdout: os.Stdout, Stderr: os.Stderr, Version: "test"})
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	limitHeap()
	d, err := daemon.New(daemon.Options{Config: args[len(args)-1], Version: "test", Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)), Log: testLogs[mode]})
	if err != nil {
		panic(err)
	}
	if err := d.Serve(ctx); err != nil {
		panic(err)
	}
	return 0
}
