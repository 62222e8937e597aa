package config

import (
	"path/filepath"
	"time"

	"winnow/hygiene/contactkey"
	"winnow/internal/yamldoc"
)

// reader turns entries into values, and checks what only the whole file shows.
type reader struct {
	options Options
	folder  string // paths are relative to it

	tokenFiles []string
	onServer   bool // the store is not on this host

	keys                             contactkey.Format
	timezone                         *time.Location
	sources, reasons, tags, segments yamldoc.Names
	protected                        []string         // reasons, beside those that always are
	columns                          map[string]int   // how many each segment has
	silent                           []*yamldoc.Entry // the tests of silent messages read so far
	references                       []*yamldoc.Entry // the references to segments in the conditions read so far
}

// absolute is the absolute path of a path in the file.
func (r *reader) absolute(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.folder, path)
}
