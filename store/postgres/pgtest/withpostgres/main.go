// Command withpostgres runs a command, such as go test, with one PostgreSQL for all the
// test binaries that it starts, instead of one for each. It ends as the command does.
//
//	go run ./store/postgres/pgtest/withpostgres go test ./store/...
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"winnow/store/postgres/pgtest"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			os.Exit(ended.ExitCode())
		}
		fmt.Fprintln(os.Stderr, "withpostgres:", err)
		os.Exit(1)
	}
}

func run(command []string) error {
	if len(command) == 0 {
		return errors.New("name a command to run")
	}
	at, err := pgtest.Shared()
	if err != nil {
		return err
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), pgtest.Variable+"="+at)
	return cmd.Run()
}
