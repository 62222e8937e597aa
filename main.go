// Winnow keeps a company's SMS list worth texting: it records what providers
// call back, applies the rules that operations edit, and writes the segments
// that the CRM reads.
package main

import (
	_ "embed"
	"os"
	_ "time/tzdata" // schedules have time zones, and containers may have none

	"winnow/internal/command"
)

//go:embed config.example.yaml
var exampleConfig []byte

// version is set when a release is built.
var version = "0.1.0-dev"

func main() {
	os.Exit(command.Main(os.Args[1:], command.World{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Version: version, Example: exampleConfig,
	}))
}
