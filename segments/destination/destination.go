// Package destination holds what all kinds of destinations share: how the folder
// of an export looks, in which order its old runs are removed, and how a config
// chooses a kind.
//
// A destination is a [segments.Destination]. Its package lies below this one:
// local is a folder of this machine, sftp a folder on an SFTP server. Packages of
// two kinds don't know each other; one that is made of another stands in a layer
// above it. local does more than the others: runs are also made, held and published
// there. Every other destination is a remote, also one on this machine: it gets
// copies. Deliveries, held runs, releases and winnow status treat all remotes alike
// and need no change for a new kind.
//
// To add a kind:
//   - write a package beside local and sftp that implements [Remote], exports a
//     [Kind] with the settings that it takes from the config, and passes the tests
//     of package destinationtest;
//   - give it a place in layers, in internal/architecture_test.go;
//   - add the Kind to Kinds in internal/config/remotes.go. The config's keys, its
//     JSON Schema, winnow check and --to follow from it. Its wrong values are a case
//     in internal/config/testdata/bad, and its keys a line in every-key.yaml;
//   - deliver to it from a command in internal/command/delivery_test.go, and write
//     about it in the README, CHANGELOG.md and config.example.yaml.
//
// # The folder of an export
//
// Wherever a destination has folders, an export's folder holds its published runs
// by name, and the symlink latest; locally also the runs that the guard holds:
//
//	nightly/2026-11-22T020000Z/
//	nightly/2026-11-23T020000Z/
//	nightly/held/2026-11-24T020000Z/
//	nightly/latest -> 2026-11-23T020000Z
//
// A run is written under a name that begins with [TempPrefix], and gets its own
// name when it is whole. What an interrupted run leaves behind has such a name
// too, and is removed later; nothing else ever is, so what others keep beside the
// runs stays.
package destination

import (
	"slices"
)

// The names in an export's folder that are not those of runs.
const (
	Latest = "latest" // the symlink to the run that readers are pointed to
	Held   = "held"   // the folder of the runs that the guard holds

	TempPrefix    = ".winnow-"            // begins the names of everything that is not to be read
	DraftPrefix   = TempPrefix + "draft-" // a run that is being written
	RemovedPrefix = TempPrefix + "gone-"  // a run that is being removed
	NextLatest    = TempPrefix + Latest   // the symlink that takes the place of Latest
)

// OldestFirst sorts runs, given in the order of their names, into the order in
// which they were made. newest is the run made last, or empty. A run named later
// than newest was made under a clock that ran ahead, so it is older.
func OldestFirst(runs []string, newest string) []string {
	if newest == "" {
		return runs
	}
	i, found := slices.BinarySearch(runs, newest)
	if found {
		i++
	}
	return slices.Concat(runs[i:], runs[:i])
}
