package command

import (
	"fmt"
	"os"
	"path/filepath"

	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/kit"
	"winnow/internal/starter"
	"winnow/internal/ui"
)

// serviceUser is who runs the daemon if root installs it.
const serviceUser = "winnow"

func daemonUser() string {
	if os.Geteuid() == 0 {
		return serviceUser
	}
	return app.Operator()
}

// initCommand makes the files of a new installation.
type initCommand struct {
	Data string `placeholder:"DIR" help:"Put the store and the exports into this folder, which must exist (default: the folder of the config)."`
}

// Help implements [kong.HelpProvider].
func (initCommand) Help() string {
	return `The files are the config, a file with a new token for the callback URL, rule tests, the JSON Schema of the config and a
unit for systemd, all in the folder of the config. Nothing is asked, and nothing is replaced: if one of the files exists, none is written.`
}

// Run makes the files, and prints what to do next.
func (x initCommand) Run(c *invocation) error {
	files, err := starter.Write(starter.Options{Config: c.config, Data: x.Data, Example: c.process.ExampleConfig, Schema: config.Schema(), Unit: kit.Unit(daemonUser(), c.now())})
	if err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(files)
	}
	var rows [][]string
	for _, f := range files {
		rows = append(rows, []string{f.Path, f.What})
	}
	ui.Table(c.Stdout, rows)
	if os.Geteuid() == 0 {
		folders := ui.ShellQuote(filepath.Dir(files[0].Path))
		if x.Data != "" {
			folders += " " + ui.ShellQuote(x.Data)
		}
		fmt.Fprintf(c.Stdout, "\nThe daemon should not run as root. For the user of the unit:\n  useradd --system %s\n  chown -R %[1]s: %s\n", serviceUser, folders)
	}
	flag := app.ConfigFlag(c.config)
	_, err = fmt.Fprintf(c.Stdout, `
Next:
  winnow check%s --strict
  winnow test%s %s
  winnow serve%[1]s
The callback URL ends in /callbacks/ and the token: $(cat %[4]s)
`, flag, flag, ui.ShellQuote(files[2].Path), ui.ShellQuote(files[1].Path))
	return err
}
