// Package sources shows the presets of providers, and tries how callbacks are read: those of
// a file with examples, and a body that somebody has, as a source of the config reads it. It
// confirms subscriptions of Amazon SNS.
//
// Where to change what: the presets are in list.go, files with examples in test.go, a
// body that is tried in try.go, and subscriptions in confirm.go. What a preset is, is in package presets.
package sources
