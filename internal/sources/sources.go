// Package sources shows the presets of providers, and tries how callbacks are read: those of
// a file with examples, and a body that somebody has, as a source of the config reads it.
//
// Where to change what: the presets are in list.go, files with examples in test.go, and a
// body that is tried in try.go. What a preset is, is in package presets.
package sources
