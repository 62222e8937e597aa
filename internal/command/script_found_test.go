package command

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// foundInScript is the script's command "found PATTERN": some file of the script's folder,
// apart from the folder inputs, has the pattern, as it is or once it is unpacked. With "!"
// none has. It prints the files that have it.
func foundInScript(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: found PATTERN")
	}
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	root, found := ts.MkAbs("."), false
	ts.Check(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name == "inputs":
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		text, err := unpacked(path)
		if err != nil || !pattern.Match(text) && !pattern.MatchString(name) {
			return err
		}
		found = true
		io.WriteString(ts.Stdout(), name+": "+string(pattern.Find(text))+"\n")
		return nil
	}))
	if found == neg {
		ts.Fatalf("found is %v, in any file of %s", found, root)
	}
}

// unpacked is what a file says: also what a workbook or a compressed file has packed.
func unpacked(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.HasSuffix(path, ".gz"):
		r, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil {
			return nil, err
		}
		plain, err := io.ReadAll(r)
		return append(text, plain...), err
	case strings.HasSuffix(path, ".xlsx"):
		z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			return nil, err
		}
		for _, part := range z.File {
			r, err := part.Open()
			if err != nil {
				return nil, err
			}
			plain, err := io.ReadAll(r)
			if err != nil {
				return nil, err
			}
			text = append(text, plain...)
		}
	}
	return text, nil
}
