// Package shell writes the scripts that complete winnow's command lines in a shell. They
// hold all commands and flags, and call nothing.
//
// Another shell is a function here, and its name in the command completion.
package shell

import (
	"fmt"
	"strings"
)

// Command is what may follow a command.
type Command struct {
	Path     []string // the words of the command; none for winnow itself
	Commands []Word
	Flags    []Word

	Arguments int // that it takes, beside flags
}

// Word is a command or a flag.
type Word struct{ Text, Help string }

// Texts are the words without their help.
func Texts(words []Word) []string {
	var list []string
	for _, w := range words {
		list = append(list, w.Text)
	}
	return list
}

func texts(words []Word) string { return strings.Join(Texts(words), " ") }

// cases are the branches of a shell's case: the commands that continue a path, and the
// words that complete each.
func cases(list []Command, body func(c Command) string) (steps, branches string) {
	var paths []string
	var b strings.Builder
	for _, c := range list {
		key := strings.Join(append([]string{""}, c.Path...), " ")
		if len(c.Path) > 0 {
			paths = append(paths, `"`+key+`"`)
		}
		fmt.Fprintf(&b, "    %q) %s ;;\n", key, body(c))
	}
	return strings.Join(paths, "|"), b.String()
}

// Bash is the script for bash.
func Bash(list []Command) string {
	steps, branches := cases(list, func(c Command) string {
		return fmt.Sprintf("commands=%q; flags=%q", texts(c.Commands), texts(c.Flags))
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

// Zsh is the script for zsh.
func Zsh(list []Command) string {
	steps, branches := cases(list, func(c Command) string {
		return fmt.Sprintf("commands=(%s); flags=(%s)", texts(c.Commands), texts(c.Flags))
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

// Fish is the script for fish.
func Fish(list []Command) string {
	var b strings.Builder
	for _, c := range list {
		condition := "__fish_use_subcommand"
		for i, part := range c.Path {
			if condition += "; and __fish_seen_subcommand_from " + part; i == 0 {
				condition = "__fish_seen_subcommand_from " + part
			}
		}
		for _, w := range c.Commands {
			unless := ""
			if len(c.Path) > 0 {
				unless = "; and not __fish_seen_subcommand_from " + texts(c.Commands)
			}
			fmt.Fprintf(&b, "complete -c winnow -f -n %s -a %s -d %s\n", fishQuote(condition+unless), w.Text, fishQuote(w.Help))
		}
		if len(c.Path) == 0 {
			condition = "__fish_use_subcommand"
		}
		for _, w := range c.Flags {
			fmt.Fprintf(&b, "complete -c winnow -n %s -l %s -d %s\n", fishQuote(condition), strings.TrimPrefix(w.Text, "--"), fishQuote(w.Help))
		}
	}
	return b.String()
}

func fishQuote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}
