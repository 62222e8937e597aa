package simulate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"winnow/internal/app"
	"winnow/internal/presets"
	"winnow/internal/ui"
)

// The files of a throw-away daemon, in its folder.
const (
	configFile = "winnow.yaml"
	logFile    = "daemon.log"
)

// throwAway is a daemon of its own process, in a folder of its own.
type throwAway struct {
	folder string
	config string
	target *target
	cmd    *exec.Cmd
	ended  chan struct{}     // closed when it has ended
	env    map[string]string // variables that are made up
	usage  *Usage
}

// Usage is what a daemon used.
type Usage struct {
	CPU     time.Duration `json:"cpu_ns"`
	Peak    int64         `json:"peak_bytes"`    // of memory
	Written int64         `json:"written_bytes"` // to disk
}

// startThrowAway makes the folder and starts the daemon.
func startThrowAway(ctx context.Context, o *Options) (d *throwAway, err error) {
	folder, err := os.MkdirTemp("", "winnow-simulate-")
	if err != nil {
		return nil, err
	}
	d = &throwAway{folder: folder, config: filepath.Join(folder, configFile)}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.stop(), os.RemoveAll(folder))
		}
	}()
	if o.Copy {
		err = d.copyConfig(o.Config)
	} else {
		err = d.writeConfig(o)
	}
	if err == nil {
		err = d.load(o.Source, o.Copy)
	}
	if err == nil {
		err = d.start(ctx, o.Program)
	}
	if err == nil {
		err = d.aim(ctx)
	}
	return d, err
}

// load reads the config as the daemon will, and refuses one by which it would touch what is
// not its own: a copy could have a key in a way of writing that is not known here. The exports
// of the example are in the folder.
func (d *throwAway) load(source string, isCopy bool) error {
	cfg, err := app.Options{Path: d.config, Env: d.lookup}.Load()
	if err != nil {
		return fmt.Errorf("the config of the throw-away daemon: %w", err)
	}
	if isCopy && len(cfg.Exports) > 0 || cfg.Backup != nil || len(cfg.Receivers) > 0 || filepath.Dir(cfg.Store) != d.folder {
		return errors.New("the copy of the config would export, back up, or use a store that is not its own: write its top-level keys at the beginning of a line, without quotes")
	}
	d.target, err = ofConfig(cfg, source)
	return err
}

// writeConfig writes a config with the rules of the example.
func (d *throwAway) writeConfig(o *Options) error {
	p, err := presets.Find(o.Preset)
	if err != nil {
		return err
	}
	contact := o.Contact
	if contact == "" {
		if contact, err = contactOf(p); err != nil {
			return err
		}
	}
	return os.WriteFile(d.config, []byte(builtIn(o.Example, p.Name, contact, newSecret())), 0o600)
}

// newSecret is a secret that nobody else has.
func newSecret() string {
	secret := make([]byte, 16)
	_, _ = rand.Read(secret) // it never fails
	return hex.EncodeToString(secret)
}

// start starts the daemon as a process of its own, so that what it uses can be measured. It
// ends with this process, however that ends.
func (d *throwAway) start(ctx context.Context, program string) error {
	log, err := os.Create(filepath.Join(d.folder, logFile))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(program, "serve", "-c", d.config)
	cmd.Args[0] = "winnow"
	cmd.Dir, cmd.Stdout, cmd.Stderr = d.folder, log, log
	for name, value := range d.env {
		cmd.Env = append(cmd.Environ(), name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM} // Ctrl-C is for this process, which stops it
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start a daemon: %w", err)
	}
	d.cmd, d.ended = cmd, make(chan struct{})
	go func() {
		_ = cmd.Wait() // what it ended with is in ProcessState
		close(d.ended)
	}()
	return ctx.Err()
}

// startWithin is how long a daemon may take to listen.
const startWithin = 30 * time.Second

var listens = regexp.MustCompile(`msg=listening callbacks=(\S+)`)

// aim waits until the daemon listens.
func (d *throwAway) aim(ctx context.Context) error {
	for deadline := time.Now().Add(startWithin); time.Now().Before(deadline) && ctx.Err() == nil; {
		text, err := os.ReadFile(filepath.Join(d.folder, logFile))
		if err != nil {
			return err
		}
		if m := listens.FindSubmatch(text); m != nil {
			d.target.to = &url.URL{Scheme: "http", Host: string(m[1])}
			return nil
		}
		select {
		case <-d.ended:
			return fmt.Errorf("the throw-away daemon ended: %s", strings.TrimSpace(string(text)))
		case <-time.After(10 * time.Millisecond):
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("the throw-away daemon does not listen after %v", startWithin)
}

// stopWithin is how long a daemon may take to end.
const stopWithin = 60 * time.Second

// stop stops the daemon, and notes what it used.
func (d *throwAway) stop() error {
	if d.cmd == nil || d.usage != nil {
		return nil
	}
	d.usage = &Usage{Written: writtenBy(d.cmd.Process.Pid)}
	_ = d.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	kill := time.AfterFunc(stopWithin, func() { _ = d.cmd.Process.Kill() })
	defer kill.Stop()
	<-d.ended
	used := d.cmd.ProcessState
	d.usage.CPU = used.UserTime() + used.SystemTime()
	if r, ok := used.SysUsage().(*syscall.Rusage); ok {
		d.usage.Peak = int64(r.Maxrss) << 10
	}
	if !used.Success() {
		return fmt.Errorf("the throw-away daemon ended with %s; its log is %s", used, filepath.Join(d.folder, logFile))
	}
	return nil
}

// remove stops the daemon and removes its folder, unless it is to be kept.
func (d *throwAway) remove(out *ui.Printer, keep bool) error {
	err := d.stop()
	if !keep {
		return errors.Join(err, os.RemoveAll(d.folder))
	}
	if !out.JSON {
		fmt.Fprintf(out.Stdout, "\n%s\n", d.folder)
	}
	return err
}

// writtenBy is how many bytes a process had written to disk; 0 where that is not known.
func writtenBy(process int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/io", process))
	_, after, _ := strings.Cut(string(text), "\nwrite_bytes: ")
	number, _, _ := strings.Cut(after, "\n")
	n, _ := strconv.ParseInt(number, 10, 64)
	return n
}
