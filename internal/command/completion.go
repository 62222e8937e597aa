package command

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

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
	script, known := map[string]func([]completed) string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[x.Shell]
	if !known {
		return ui.Usagef("%q is not a shell with completion: write bash, zsh or fish", x.Shell)
	}
	_, err := fmt.Fprint(c.Stdout, script(completions()))
	return err
}

// completed is what may follow a command.
type completed struct {
	path     []string // the words of the command; none for winnow itself
	commands []word
	flags    []word

	arguments int // that it takes, beside flags
}

type word struct{ text, help string }

// completions are what may follow each command of the grammar.
func completions() []completed {
	var list []completed
	var walk func(n *kong.Node, path []string, flags []word)
	walk = func(n *kong.Node, path []string, flags []word) {
		at := completed{path: path, arguments: len(n.Positional)}
		for _, f := range flags {
			if !ignores(path, f.text[len("--"):]) {
				at.flags = append(at.flags, f)
			}
		}
		for _, f := range n.Flags {
			if !f.Hidden {
				at.flags = append(at.flags, word{"--" + f.Name, f.Help})
			}
		}
		for _, child := range n.Children {
			if !child.Hidden {
				at.commands = append(at.commands, word{child.Name, child.Help})
			}
		}
		list = append(list, at)
		for _, child := range n.Children {
			walk(child, append(path[:len(path):len(path)], child.Name), at.flags)
		}
	}
	walk(newParser(&grammar{}).Model.Node, nil, nil)
	return list
}

func texts(words []word) string { return strings.Join(names(words), " ") }

// cases are the branches of a shell's case: the commands that continue a path, and the
// words that complete each.
func cases(list []completed, body func(c completed) string) (steps, branches string) {
	var paths []string
	var b strings.Builder
	for _, c := range list {
		key := strings.Join(append([]string{""}, c.path...), " ")
		if len(c.path) > 0 {
			paths = append(paths, `"`+key+`"`)
		}
		fmt.Fprintf(&b, "    %q) %s ;;\n", key, body(c))
	}
	return strings.Join(paths, "|"), b.String()
}

func bashScript(list []completed) string {
	steps, branches := cases(list, func(c completed) string {
		return fmt.Sprintf("commands=%q; flags=%q", texts(c.commands), texts(c.flags))
	})
	return `_winnow() {
  local word at= commands= flags= cur=${COMP_WORDS[COMP_CWORD]}
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
    ` + steps + `) at="$at $word" ;;
    esac
  done
  case "$at" in
` + branches + `  esac
  [[ $cur == -* ]] && commands=$flags
  COMPREPLY=($(compgen -W "$commands" -- "$cur")) || return 0
}
complete -o default -F _winnow winnow
`
}

func zshScript(list []completed) string {
	steps, branches := cases(list, func(c completed) string {
		return fmt.Sprintf("commands=(%s); flags=(%s)", texts(c.commands), texts(c.flags))
	})
	return `#compdef winnow
_winnow() {
  local word at=
  local -a commands flags
  for word in "${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
    ` + steps + `) at="$at $word" ;;
    esac
  done
  case "$at" in
` + branches + `  esac
  if [[ ${words[CURRENT]} == -* ]]; then
    compadd -- $flags
  elif (( $#commands )); then
    compadd -- $commands
  else
    _files
  fi
}
if [[ ${funcstack[1]} == _winnow ]]; then _winnow "$@"; else compdef _winnow winnow; fi
`
}

func fishScript(list []completed) string {
	var b strings.Builder
	for _, c := range list {
		condition := "__fish_use_subcommand"
		for i, part := range c.path {
			if condition += "; and __fish_seen_subcommand_from " + part; i == 0 {
				condition = "__fish_seen_subcommand_from " + part
			}
		}
		for _, w := range c.commands {
			unless := ""
			if len(c.path) > 0 {
				unless = "; and not __fish_seen_subcommand_from " + texts(c.commands)
			}
			fmt.Fprintf(&b, "complete -c winnow -f -n %s -a %s -d %s\n", fishQuote(condition+unless), w.text, fishQuote(w.help))
		}
		if len(c.path) == 0 {
			condition = "__fish_use_subcommand"
		}
		for _, w := range c.flags {
			fmt.Fprintf(&b, "complete -c winnow -n %s -l %s -d %s\n", fishQuote(condition), strings.TrimPrefix(w.text, "--"), fishQuote(w.help))
		}
	}
	return b.String()
}

func fishQuote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}
