package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"winnow/hygiene"
	"winnow/segments"
)

// manifestName is the file that is written last: a folder without it is not a backup.
const manifestName = "manifest.json"

// kind is what a manifest of a backup says that it is.
const kind = "winnow backup"

// Manifest is what a backup holds.
type Manifest struct {
	Kind     string          `json:"kind"`
	Version  string          `json:"winnow"`   // that made it
	Store    string          `json:"store"`    // the path that it was copied from
	TakenAt  hygiene.Instant `json:"taken_at"` // the moment that it is of
	Events   int64           `json:"events"`
	LastSeq  int64           `json:"last_seq"` // of the log
	Cursor   int64           `json:"cursor"`   // of the sweep
	Contacts int64           `json:"contacts"`
	Files    []File          `json:"files"`
	Sum      string          `json:"sum"` // SHA-256 of the manifest with an empty sum
}

// File is a file of a backup.
type File struct {
	Path   string `json:"path"` // in the backup, with slashes
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256,omitempty"`
	Link   string `json:"link,omitempty"` // what a symbolic link points to, in its own folder
}

// Bytes is the size of all files.
func (m *Manifest) Bytes() (total int64) {
	for _, f := range m.Files {
		total += f.Bytes
	}
	return total
}

// encode is the manifest as it is written.
func (m *Manifest) encode() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	return append(text, '\n'), err
}

// sum is what Sum has to be.
func (m Manifest) sum() (string, error) {
	m.Sum = ""
	text, err := m.encode()
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:]), err
}

// write writes the manifest into a folder, to the disk.
func (m *Manifest) write(folder string) (err error) {
	if m.Sum, err = m.sum(); err != nil {
		return err
	}
	text, err := m.encode()
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(folder, manifestName), bytes.NewReader(text))
}

// maxManifest is how large a manifest may be.
const maxManifest = 64 << 20

// errNoManifest is the error of a folder that is not a backup.
var errNoManifest = errors.New("it has no " + manifestName + ", so it is not a complete backup")

// readManifest reads the manifest of a backup, and checks that it is whole and that its
// paths stay in the folder.
func readManifest(folder string) (*Manifest, error) {
	f, err := os.Open(filepath.Join(folder, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", folder, errNoManifest)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil {
		return nil, err
	}
	m := &Manifest{}
	if err := json.Unmarshal(text, m); err != nil || m.Kind != kind {
		return nil, fmt.Errorf("%s is not the manifest of a backup, or it is damaged", f.Name())
	}
	whole, err := m.encode()
	if err != nil {
		return nil, err
	}
	if sum, err := m.sum(); err != nil || sum != m.Sum || !bytes.Equal(whole, text) {
		return nil, errors.Join(fmt.Errorf("%s was changed or is damaged: its own sum is another one", f.Name()), err)
	}
	for _, file := range m.Files {
		if !filepath.IsLocal(filepath.FromSlash(file.Path)) || file.Link != "" && !isPlainName(file.Link) {
			return nil, fmt.Errorf("%s names %q, which is not in the backup", f.Name(), file.Path)
		}
	}
	return m, nil
}

// isPlainName reports whether a name leads out of no folder.
func isPlainName(name string) bool {
	return filepath.IsLocal(name) && !strings.ContainsAny(name, `/\`) && name != "."
}

// nameOf is the name of the backup of a moment.
func nameOf(at hygiene.Instant) string { return segments.RunName(at) }

// isName reports whether a folder may be a backup by its name.
func isName(name string) bool { return segments.IsRunName(name) }
