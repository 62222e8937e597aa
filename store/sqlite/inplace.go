package sqlite

import (
	"fmt"
	"os"
)

// fileSet is a file of the store and its write-ahead log as they were when they were
// opened. What is written to a file that has lost its name is lost with the process.
type fileSet []openedFile

type openedFile struct {
	path string
	info os.FileInfo
}

// openedFiles is called when there is a connection to the file, so that the
// write-ahead log is there and stays.
func openedFiles(path string) (set fileSet, err error) {
	for _, path := range []string{path, path + "-wal"} {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		set = append(set, openedFile{path, info})
	}
	return set, nil
}

// check is an error if the files are no longer where they were opened.
func (s fileSet) check() error {
	for _, f := range s {
		info, err := os.Stat(f.path)
		switch {
		case err != nil:
			return fmt.Errorf("the store's file has gone while it was open: %w; what is written now is lost: put it back, or stop winnow and restore the store", err)
		case !os.SameFile(info, f.info):
			return fmt.Errorf("the store's file %s is another one than winnow opened; what is written now is lost: restart winnow if the new one is right, or put the old one back", f.path)
		}
	}
	return nil
}
