package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"winnow/internal/procusage"
)

// Daemon is a running daemon that is measured.
type Daemon struct {
	cmd       *exec.Cmd
	Callbacks string // URL that takes callbacks
	API       string // URL of the API
	mu        sync.Mutex
	log       strings.Builder
}

var listening = regexp.MustCompile(`callbacks=(\S+) console=(\S+)`)

// start starts a daemon, and waits until it listens. args are the command line.
func (b *bench) startDaemon(ctx context.Context, args ...string) (*Daemon, error) {
	return StartDaemon(b.command(ctx, args...), callbackToken)
}

// StartDaemon starts a daemon by a command, and waits until it listens. The token is one of
// its source.
func StartDaemon(c *exec.Cmd, token string) (*Daemon, error) {
	d := &Daemon{cmd: c}
	stderr, err := c.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		d.keep(lines.Text())
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			d.Callbacks, d.API = "http://"+m[1]+"/callbacks/"+token, "http://"+m[2]+"/api/v1"
			go func() {
				for lines.Scan() {
					d.keep(lines.Text())
				}
				io.Copy(io.Discard, stderr) // a line that is too long
			}()
			return d, nil
		}
	}
	return nil, fmt.Errorf("the daemon does not listen: %w: %s", c.Wait(), d.Log())
}

func (d *Daemon) keep(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log.WriteString(line + "\n")
}

// Log is what the daemon has logged.
func (d *Daemon) Log() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.String()
}

// PID is the process's id.
func (d *Daemon) PID() int { return d.cmd.Process.Pid }

// Usage is what the daemon has used.
func (d *Daemon) Usage() (procusage.Usage, error) { return procusage.Of(d.PID()) }

// Stop stops the daemon and waits until it has ended.
func (d *Daemon) Stop() error {
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := d.cmd.Wait(); err != nil {
		return fmt.Errorf("the daemon: %w: %s", err, d.Log())
	}
	return nil
}

// startCost is what it takes to start the daemon over the site, until it answers.
func (b *bench) startCost(ctx context.Context, s *site) (c Cost, err error) {
	began := time.Now()
	d, err := b.startDaemon(ctx, "serve", "-c", filepath.Clean(s.config()))
	if err != nil {
		return c, err
	}
	c.Took = time.Since(began)
	c.Usage, err = d.Usage()
	return c, errors.Join(err, d.Stop())
}
