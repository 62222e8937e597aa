// Package records keeps lists of texts, however many they are: a [Sorter] returns them
// in their order, a [Spool] as they came. What does not fit in memory is in a scratch
// file, which has lost its name and is gone with its process.
//
// How a record is written is in sorter.go, and how it is read in spool.go.
package records
