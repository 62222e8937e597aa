package command

import (
	"context"
	"errors"
	"log/slog"

	"winnow/internal/config"
	"winnow/internal/daemon"
	"winnow/internal/ui"
)

// serveCommand runs the daemon.
type serveCommand struct {
	Receive bool `help:"Receive callbacks only, for another host that judges them (its receivers)."`
	New     bool `help:"Start with a new store, or a new log, although something shows that there was one."`
}

// Run serves until the process is asked to stop.
func (x serveCommand) Run(c *invocation) error {
	d, err := daemon.New(daemon.Options{Config: c.config, Version: c.process.Version, Receive: x.Receive, New: x.New, Interrupt: c.ctx, Logger: c.logger})
	if errors.Is(err, context.Canceled) { // asked to stop before it began
		return nil
	}
	if err != nil {
		return err
	}
	return d.Serve(c.ctx)
}

// logger is that of the daemon, in the form that the config names.
func (c *invocation) logger(cfg *config.Config) *slog.Logger {
	options := &slog.HandlerOptions{ReplaceAttr: ui.LogAttr}
	if cfg.LogJSON {
		return slog.New(slog.NewJSONHandler(c.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(c.Stderr, options))
}
