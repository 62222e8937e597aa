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

// foundInScript is the script's command "found PATTERN [FILE...]": some of these files has the
// pattern, as it is or once it is unpacked, or some file in these folders; without any
// named, some file of the script's folder, apart from the folder inputs. A name may have
// stars, and need not be there. With "!" none has the pattern. It prints the files that have it.
// What databases have stands for winnow.db where the stores are elsewhere.
func foundInScript(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: found PATTERN [FILE...]")
	}
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	roots, found := args[1:], false
	look := func(name string, text []byte) {
		if pattern.Match(text) || pattern.MatchString(name) {
			found = true
			io.WriteString(ts.Stdout(), name+": "+string(pattern.Find(text))+"\n")
		}
	}
	if len(roots) == 0 {
		roots = []string{"."}
	}
	for _, root := range roots {
		if root == "." || root == "winnow.db" {
			ts.Check(ts.Value(scriptKey{}).(*scriptState).stores.dump(look))
		}
		paths, err := filepath.Glob(ts.MkAbs(root))
		ts.Check(err)
		for _, path := range paths {
			ts.Check(eachFile(ts.MkAbs("."), path, look))
		}
	}
	if found == neg {
		ts.Fatalf("found is %v, in any of %v", found, roots)
	}
}

// eachFile visits a file, or those in a folder, by their names in the script's folder.
func eachFile(folder, path string, visit func(name string, text []byte)) error {
	return filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(folder, path)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name == "inputs":
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		text, err := unpacked(path)
		if err == nil {
			visit(name, text)
		}
		return err
	})
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
