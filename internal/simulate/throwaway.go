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
	"winnow/internal/config"
	"winnow/internal/presets"
	"winnow/internal/simulate/bodies"
)

// The files of a throw-away daemon, in its folder.
const (
	configFile = "winnow.yaml"
	logFile    = "daemon.log"
)

// topLevel matches the beginning of a key of a config that is not inside another.
var topLevel = regexp.MustCompile(`^([a-z_]+):`)

// withoutKeys is a config without those keys and all that is under them.
func withoutKeys(text string, keys ...string) string {
	var b strings.Builder
	dropped := false
	for line := range strings.Lines(text) {
		if m := topLevel.FindStringSubmatch(line); m != nil {
			dropped = false
			for _, key := range keys {
				dropped = dropped || m[1] == key
			}
		}
		if !dropped {
			b.WriteString(line)
		}
	}
	return b.String()
}

// ofThisHost are the keys of a config that a throw-away daemon has of its own: where it
// listens, and all by which it would touch what others use.
var ofThisHost = []string{"listen", "admin", "tls", "store", "folder", "backup", "receivers", "log_token", "log_token_file", "log", "trusted_proxies"}

// head is the beginning of a throw-away config.
const head = `# A throw-away daemon of winnow simulate.
listen: "127.0.0.1:0"
admin: {listen: "127.0.0.1:0"}
store: sqlite://winnow.db
trusted_proxies: [127.0.0.0/8]
`

// builtIn is the config of a throw-away daemon with the rules of the example, for a preset
// whose contacts are at a path.
func builtIn(example []byte, preset, contact, token string) string {
	text := head + withoutKeys(string(example), append([]string{"sources"}, ofThisHost...)...)
	source := fmt.Sprintf("\nsources:\n  - name: %s\n    preset: %s\n    tokens: [%s]\n", preset, preset, token)
	if contact != "" {
		source += "    contact: " + contact + "\n"
	}
	return text + source
}

// contactOf is where the contacts of a preset's callbacks can be: as the preset says, or in
// what the sender attached, or else the number.
func contactOf(p *presets.Preset) (string, error) {
	for _, contact := range []string{p.Contact, "args.contact_id", "args", "to"} {
		if contact == "" {
			continue
		}
		cfg := &config.Config{}
		s := &config.Source{Name: p.Name, Preset: p.Name, Format: p.Format, Contact: contact}
		reader, err := cfg.Reader(s, nil)
		if err != nil {
			continue
		}
		if _, err = bodies.New(bodies.Source{Format: p.Format, Contact: contact, Reader: reader, Lines: p.Format.Outcomes, Examples: p.Examples}); err == nil {
			return contact, nil
		}
	}
	return "", fmt.Errorf("the callbacks of the preset %s have no place for a contact", p.Name)
}

// throwAway is a daemon of its own process, in a folder of its own.
type throwAway struct {
	folder string
	config string
	target *target
	cmd    *exec.Cmd
	ended  chan struct{} // closed when it has ended
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
	text, err := o.throwAwayConfig()
	if err != nil {
		return d, err
	}
	if err := os.WriteFile(d.config, []byte(text), 0o600); err != nil {
		return d, err
	}
	if err := d.start(ctx, o.Program); err != nil {
		return d, err
	}
	return d, d.aim(ctx, o)
}

// throwAwayConfig is the text of the daemon's config.
func (o *Options) throwAwayConfig() (string, error) {
	p, err := presets.Find(o.Preset)
	if err != nil {
		return "", err
	}
	contact := o.Contact
	if contact == "" {
		if contact, err = contactOf(p); err != nil {
			return "", err
		}
	}
	token := make([]byte, 16)
	_, _ = rand.Read(token) // it never fails
	return builtIn(o.Example, p.Name, contact, hex.EncodeToString(token)), nil
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

// aim waits until the daemon listens, and reads how it reads callbacks.
func (d *throwAway) aim(ctx context.Context, o *Options) error {
	cfg, err := app.Options{Path: d.config}.Load()
	if err != nil {
		return fmt.Errorf("the config of the throw-away daemon: %w", err)
	}
	if d.target, err = ofConfig(cfg, o.Source); err != nil {
		return err
	}
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
	return firstOf(ctx.Err(), fmt.Errorf("the throw-away daemon does not listen after %v", startWithin))
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

// writtenBy is how many bytes a process had written to disk; 0 where that is not known.
func writtenBy(process int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/io", process))
	_, after, _ := strings.Cut(string(text), "\nwrite_bytes: ")
	number, _, _ := strings.Cut(after, "\n")
	n, _ := strconv.ParseInt(number, 10, 64)
	return n
}
