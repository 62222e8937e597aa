package command

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"winnow/internal/command/shell"
	"winnow/internal/suggest"
	"winnow/internal/ui"
)

// otherWords are words for commands that other programs have.
var otherWords = map[string]string{
	"validate": "check", "lint": "check", "verify": "check", "fmt": "check",
	"run": "serve", "start": "serve", "daemon": "serve", "server": "serve",
	"new": "init", "setup": "init", "config": "check",
	"diff": "plan", "dry-run": "plan", "apply": "rejudge --apply", "history": "policy", "policies": "policy",
	"why": "explain", "show": "explain", "contact": "explain", "get": "explain", "find": "explain",
	"block": "suppress", "ban": "suppress", "unblock": "allow", "unsuppress": "allow", "lift": "allow",
	"revert": "undo", "rollback": "undo", "clean": "scrub", "filter": "scrub", "publish": "release",
	"stats": "report", "exports": "export", "lists": "list", "jobs": "schedule", "cron": "schedule", "ping": "health", "ready": "health",
	"completions": "completion", "man": "help", "manual": "help",
}

// mistakeIn is the error of a command line whose words show what was meant; nil for
// others, of which the parser has an error.
func mistakeIn(args []string) error {
	words := wordsOf(args)
	if len(words) == 0 {
		return nil
	}
	all := completions()
	if meant, known := nextCommand(all, nil, words[0]); !known {
		if meant == "" {
			return nil
		}
		return fmt.Errorf("winnow has no command %q; write winnow %s", words[0], meant)
	}
	if len(words) == 1 {
		return nil
	}
	i := slices.IndexFunc(all, func(c shell.Command) bool { return slices.Equal(c.Path, words[:1]) })
	switch c := &all[i]; {
	case len(c.Commands) > 0:
		meant, known := nextCommand(all, c.Path, words[1])
		switch {
		case known:
		case meant != "":
			return fmt.Errorf("winnow %s has no command %q; write winnow %s %s", words[0], words[1], words[0], meant)
		case c.Arguments == 0:
			return fmt.Errorf("winnow %s has no command %q; its commands are %s", words[0], words[1], strings.Join(shell.Texts(c.Commands), ", "))
		}
	case c.Arguments == 0 && isConfig(words[1]):
		return fmt.Errorf("winnow %s takes the config with -c: winnow %s -c %s", words[0], words[0], ui.ShellQuote(words[1]))
	}
	return nil
}

// wordsOf is the arguments without flags and the values of flags that all commands have.
func wordsOf(args []string) []string {
	var words []string
	for i, a := range args {
		value := i > 0 && slices.Contains([]string{"-c", "--config", "--now"}, args[i-1])
		if !value && !strings.HasPrefix(a, "-") {
			words = append(words, a)
		}
	}
	return words
}

// nextCommand reports whether a word is a command after a path. If not, it is the one that
// was probably meant.
func nextCommand(all []shell.Command, path []string, given string) (meant string, known bool) {
	i := slices.IndexFunc(all, func(c shell.Command) bool { return slices.Equal(c.Path, path) })
	list := shell.Texts(all[i].Commands)
	switch {
	case slices.Contains(list, given):
		return given, true
	case len(path) == 0 && otherWords[given] != "":
		return otherWords[given], false
	}
	return suggest.Nearest(given, list), false
}

// isConfig reports whether a word is probably the path of a config.
func isConfig(word string) bool {
	if ext := filepath.Ext(word); ext == ".yaml" || ext == ".yml" {
		return true
	}
	info, err := os.Stat(word)
	return err == nil && info.Mode().IsRegular()
}
