package bench

import (
	"fmt"
	"slices"
	"strings"
)

// Peer is a program that a user compares winnow with: a command of the shell that reads a
// file which winnow reads, too, or writes what winnow writes. In it {file} is the path of the
// input, and {out} that of a new folder.
type Peer struct {
	Input   string // contacts, messages or run
	Name    string
	Command string
}

// peerInputs are what a peer may read: the lists that are imported, and the rows of a run,
// to be written into {out} in ten files.
var peerInputs = []string{"contacts", "messages", "run"}

// ParsePeer reads INPUT:NAME=COMMAND.
func ParsePeer(text string) (p Peer, err error) {
	head, command, found := strings.Cut(text, "=")
	input, name, named := strings.Cut(head, ":")
	p = Peer{Input: input, Name: name, Command: command}
	if !found || !named || name == "" || !slices.Contains(peerInputs, input) {
		return p, fmt.Errorf("%q is not a peer: write INPUT:NAME=COMMAND, with %s as INPUT", text, strings.Join(peerInputs, ", "))
	}
	if !strings.Contains(command, "{file}") {
		return p, fmt.Errorf("the command of the peer %s does not read its input: write {file} where its path belongs", name)
	}
	return p, nil
}
