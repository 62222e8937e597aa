// Package kit writes the files that run winnow on a server: a unit for systemd, the lines
// of a proxy, a compose file, alert rules with their tests, a dashboard and log rotation.
// They are right for the config at hand: its addresses, folders, sources and schedules.
//
// No secret is printed: a token is named by its file.
//
// Where to change what: what a file says is its template in the folder files; an alert is
// an entry of alerts.go, which the rules and their tests are made of; a panel of the
// dashboard is an entry of dashboard.go; what templates know of the config is setup.go; a
// new kind of file is an entry of kinds.
package kit

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
)

// File is one file of the kit.
type File struct {
	Path string `json:"path"` // in the folder that it is written to
	Text string `json:"-"`
}

// kinds are what there is, each with its files, the main one first.
var kinds = map[string]func(*Setup) ([]File, error){
	"systemd":    fromTemplates("winnow.service"),
	"nginx":      fromTemplates("nginx.conf"),
	"caddy":      fromTemplates("Caddyfile"),
	"compose":    fromTemplates("compose.yaml"),
	"logrotate":  fromTemplates("winnow.logrotate"),
	"prometheus": prometheus,
	"grafana":    grafana,
}

// Kinds returns the kinds of files, sorted.
func Kinds() []string {
	var names []string
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Files returns the files of a kind for a setup, the main one first.
func Files(kind string, s *Setup) ([]File, error) {
	make, ok := kinds[kind]
	if !ok {
		return nil, fmt.Errorf("there is no kit %q; there are %s", kind, strings.Join(Kinds(), ", "))
	}
	return make(s)
}

// Write writes the files into a folder, which it makes. It replaces nothing: if one of
// them is there, none is written.
func Write(folder string, files []File) error {
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(folder, f.Path)); err == nil {
			return fmt.Errorf("%s exists already; nothing was written: move it away, or name another folder", filepath.Join(folder, f.Path))
		} else if !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		out, err := os.OpenFile(filepath.Join(folder, f.Path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		_, err = out.WriteString(f.Text)
		if err := errors.Join(err, out.Close()); err != nil {
			return err
		}
	}
	return nil
}

//go:embed files
var templates embed.FS

// fromTemplates makes files from the templates of these names.
func fromTemplates(names ...string) func(*Setup) ([]File, error) {
	return func(s *Setup) (files []File, err error) {
		for _, name := range names {
			text, err := fill(name, s)
			if err != nil {
				return nil, err
			}
			files = append(files, File{name, text})
		}
		return files, nil
	}
}

// fill fills in a template.
func fill(name string, data any) (string, error) {
	t, err := template.New(name).Funcs(template.FuncMap{"unit": unitWord, "whole": unitPath, "yaml": yamlText, "expected": expectedSummary, "expectedDo": expectedDo}).ParseFS(templates, "files/"+name)
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	err = t.Execute(&text, data)
	return text.String(), err
}

// unitPath is a path that is the rest of a line of a unit.
func unitPath(path string) string { return strings.ReplaceAll(path, "%", "%%") }

// unitWord is a path as one word of a unit.
func unitWord(path string) string {
	path = unitPath(path)
	if strings.ContainsAny(path, " \t'\"\\;$") {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", "$$").Replace(path) + `"`
	}
	return path
}

// yamlText is a text as a scalar of YAML.
func yamlText(text string) string { return `'` + strings.ReplaceAll(text, `'`, `''`) + `'` }
