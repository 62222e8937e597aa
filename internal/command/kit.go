package command

import (
	"fmt"
	"path/filepath"

	"winnow/internal/kit"
	"winnow/internal/ui"
)

// kitCommand prints or writes files that run winnow on a server.
type kitCommand struct {
	Kind   string `arg:"" enum:"caddy,compose,grafana,logrotate,nginx,prometheus,systemd" help:"What for: caddy, compose, grafana, logrotate, nginx, prometheus or systemd."`
	Folder string `arg:"" optional:"" placeholder:"DIR" help:"Write all files of it into this folder, instead of printing the main one."`
}

// Help implements [kong.HelpProvider].
func (kitCommand) Help() string {
	return `The files are right for the config: its addresses, folders, exports and schedules. They name the admin token by its
file, and hold no secret. systemd is a unit, nginx and caddy a proxy before the public server, compose a container. prometheus is alert
rules; in a folder, also their tests for promtool and what to scrape. grafana is a dashboard, logrotate the rotation of a log that goes
to a file. Nothing is replaced.`
}

// Run prints the main file, or writes all.
func (x kitCommand) Run(c *invocation) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	program, err := kit.Executable()
	if err != nil {
		return err
	}
	setup, err := kit.NewSetup(cfg, program, daemonUser(), c.now())
	if err != nil {
		return err
	}
	files, err := kit.Files(x.Kind, setup)
	if err != nil {
		return err
	}
	if x.Folder == "" {
		_, err = c.Exact().Write([]byte(files[0].Text))
		return err
	}
	if err := kit.Write(x.Folder, files); err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(files)
	}
	for _, f := range files {
		fmt.Fprintln(c.Stdout, ui.Printable(filepath.Join(x.Folder, f.Path)))
	}
	return nil
}
