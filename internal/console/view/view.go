// Package view holds the data that the API and the pages show: one type for each
// answer, with the JSON that it is written as. It has no logic and reads nothing:
// callers fill a view, package console writes it.
//
// The JSON is a contract. The commands print the same types with --json, the
// schemas of ../openapi.yaml carry their names, and a test in package console
// compares the two field by field, in order. So a new field is one line here and
// one there:
//
//   - GET status, winnow status: status.go
//   - GET rules, winnow regret: regret.go
//   - GET segments; GET exports, runs, releases: export.go
//   - GET contacts/{key}, winnow explain; POST check: contact.go
//   - POST messages: messages.go
//   - the overview page: overview.go; pages of segments, runs and surges: segments.go,
//     runs.go, surges.go, which are not JSON
//
// Times are instants, written in RFC 3339 UTC with microseconds as needed, and null
// for none. Lists without omitempty are never nil.
package view
