package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The tokens of the daemons that are measured, which listen on this machine only.
const (
	callbackToken = "bench-9c99bc26-373e-4847"
	adminToken    = "bench-admin-9c99bc26-373e"
)

// site is a folder with a config and its store.
type site struct {
	b      *bench
	folder string
	events int // that the stages appended, so that no two are the same
}

// siteOptions say what is in the config of a site.
type siteOptions struct {
	key   string // of contacts: text or phone
	every string // how often the daemon sweeps
}

// newSite makes a folder with a config. Its contacts fall into ten segments, which one
// export writes; its rules are those of the example.
func (b *bench) newSite(o siteOptions) (*site, error) {
	folder, err := os.MkdirTemp(b.folder, "site-")
	if err != nil {
		return nil, err
	}
	text, err := b.config(o)
	if err != nil {
		return nil, err
	}
	s := &site{b: b, folder: folder}
	return s, os.WriteFile(s.config(), text, 0o600)
}

func (s *site) config() string { return filepath.Join(s.folder, "winnow.yaml") }

// remove frees the disk.
func (s *site) remove() error { return os.RemoveAll(s.folder) }

// sweepEvery is how often the example sweeps.
const sweepEvery = `sweep: "@every 30s"`

// config writes the config of a site.
func (b *bench) config(o siteOptions) ([]byte, error) {
	_, rules, found := bytes.Cut(b.Rules, []byte("\nhygiene:\n"))
	rules, _, ends := bytes.Cut(rules, []byte("\nsegments:\n"))
	if !found || !ends || !bytes.Contains(rules, []byte(sweepEvery)) {
		return nil, fmt.Errorf("the example config has changed: it does not have hygiene before segments, with %s", sweepEvery)
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "listen: \"127.0.0.1:0\"\nadmin: {listen: \"127.0.0.1:0\", token: %s}\ncontacts: {key: %s}\n", adminToken, o.key)
	fmt.Fprintf(&text, "sources:\n  - {name: insider, preset: insider, tokens: [%s]}\nhygiene:\n", callbackToken)
	text.Write(bytes.Replace(rules, []byte(sweepEvery), fmt.Appendf(nil, "sweep: %q", "@every "+o.every), 1))
	text.WriteString("\nsegments:\n")
	var names []string
	for bucket := range segmentCount {
		names = append(names, fmt.Sprint("bucket-", bucket))
		fmt.Fprintf(&text, "  - {name: bucket-%d, where: {attribute: bucket, is: %d}, suppressed: include, columns: [%s]}\n", bucket, bucket, strings.Join(exportColumns, ", "))
	}
	fmt.Fprintf(&text, "exports:\n  - {name: nightly, schedule: \"@every 1000h\", segments: [%s], formats: [csv], keep: 1, to: [./exports]}\n", strings.Join(names, ", "))
	return text.Bytes(), nil
}

// segmentCount is how many segments have a tenth of the contacts each.
const segmentCount = 10

// exportColumns are the columns of the segments.
var exportColumns = []string{"contact", "phone", "status", "last_delivered_at", "sent_count", "attributes.bucket"}

// winnow runs a command of winnow over the site's config, and measures it.
func (s *site) winnow(ctx context.Context, args ...string) (measured, error) {
	return process(s.b.command(ctx, append(args, "-c", s.config())...))
}

// stage runs a stage over the site, and measures it.
func (s *site) stage(ctx context.Context, name string, args ...any) (measured, error) {
	line := []string{"bench", "stage", name, s.config()}
	for _, arg := range args {
		line = append(line, fmt.Sprint(arg))
	}
	return process(s.b.command(ctx, line...))
}

// size is how many bytes the store's files have.
func (s *site) size() (bytes int64, err error) {
	files, err := filepath.Glob(filepath.Join(s.folder, "winnow*.db*"))
	for _, path := range files {
		info, statErr := os.Stat(path)
		if statErr != nil {
			err = errors.Join(err, statErr)
			continue
		}
		bytes += info.Size()
	}
	return bytes, err
}
