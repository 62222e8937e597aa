package command

import (
	"fmt"

	"github.com/alecthomas/kong"

	"winnow/internal/command/shell"
	"winnow/internal/ui"
)

// completionCommand prints a script that completes command lines in a shell. The words
// are those of the grammar, so the script calls nothing.
type completionCommand struct {
	Shell string `arg:"" help:"The shell: bash, zsh or fish."`
}

// Help implements [kong.HelpProvider].
func (completionCommand) Help() string {
	return `Load it where the shell begins:

  bash   source <(winnow completion bash)          in ~/.bashrc
  zsh    source <(winnow completion zsh)           in ~/.zshrc, after compinit
  fish   winnow completion fish | source           in ~/.config/fish/config.fish`
}

// Run prints the script.
func (x completionCommand) Run(c *invocation) error {
	script, known := map[string]func([]shell.Command) string{"bash": shell.Bash, "zsh": shell.Zsh, "fish": shell.Fish}[x.Shell]
	if !known {
		return ui.Usagef("%q is not a shell with completion: write bash, zsh or fish", x.Shell)
	}
	_, err := fmt.Fprint(c.Stdout, script(completions()))
	return err
}

// completions are what may follow each command of the grammar.
func completions() []shell.Command {
	var list []shell.Command
	var walk func(n *kong.Node, path []string, flags []shell.Word)
	walk = func(n *kong.Node, path []string, flags []shell.Word) {
		at := shell.Command{Path: path, Arguments: len(n.Positional)}
		for _, f := range flags {
			if !ignores(path, f.Text[len("--"):]) {
				at.Flags = append(at.Flags, f)
			}
		}
		for _, f := range n.Flags {
			if !f.Hidden {
				at.Flags = append(at.Flags, shell.Word{Text: "--" + f.Name, Help: f.Help})
			}
		}
		for _, child := range n.Children {
			if !child.Hidden {
				at.Commands = append(at.Commands, shell.Word{Text: child.Name, Help: child.Help})
			}
		}
		list = append(list, at)
		for _, child := range n.Children {
			walk(child, append(path[:len(path):len(path)], child.Name), at.Flags)
		}
	}
	walk(newParser(&grammar{}).Model.Node, nil, nil)
	return list
}
