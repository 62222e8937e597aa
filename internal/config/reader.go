package config

import (
	"path/filepath"
	"time"

	"winnow/hygiene"
	"winnow/internal/yamldoc"
)

// reader turns entries into values, and checks what only the whole file shows.
type reader struct {
	options Options
	folder  string // paths are relative to it

	tokenFiles []string

	timezone                         *time.Location
	sources, reasons, tags, segments yamldoc.Names
	references                       []*yamldoc.Entry // the references to segments in the conditions read so far
}

// Reasons are the reasons that are known without a rule that gives them.
var Reasons = []string{"hard_bounce", "soft_bounce", hygiene.OptedOut, "dormant"}

// absolute is the absolute path of a path in the file.
func (r *reader) absolute(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(r.folder, path)
}
