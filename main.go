// Winnow is SMS list hygiene: it records what providers call back, applies the rules
// that operations edits, and writes the segments that the CRM reads.
package main

import (
	_ "embed"
	"os"
	_ "time/tzdata" // schedules have time zones, and a container may have no zone files

	"winnow/internal/command"
)

//go:embed config.example.yaml
var exampleConfig []byte

// version is set by the linker when a release is built.
var version = "0.1.0-dev"

func main() {
	os.Exit(command.Main(os.Args[1:], command.Process{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Version: version, ExampleConfig: exampleConfig,
	}))
}
