package app

import (
	"errors"
	"path/filepath"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/yamldoc"
	"winnow/store"
)

// Load reads the config file only. What a newer version newly refuses is a warning in the
// file that was in force last: an upgrade must not stop a daemon. With the next change of
// the file it is a problem.
func (o Options) Load() (*config.Config, error) {
	text, err := config.ReadFile(o.Path)
	if err != nil {
		return nil, err
	}
	cfg, err := o.parse(text, o.configOptions())
	var problems *yamldoc.Problems
	if errors.As(err, &problems) && problems.OnlyNew() && o.wasInForce(text) {
		options := o.configOptions()
		options.WasInForce = true
		cfg, err = o.parse(text, options)
	}
	return o.adjust(cfg, err)
}

// parse checks the text of a config until it is interrupted.
func (o Options) parse(text []byte, options config.Options) (*config.Config, error) {
	if o.Interrupt == nil {
		return config.Parse(o.Path, text, options)
	}
	if err := o.Interrupt.Err(); err != nil {
		return nil, err
	}
	type result struct {
		cfg *config.Config
		err error
	}
	done := make(chan result, 1)
	go func() {
		cfg, err := config.Parse(o.Path, text, options)
		done <- result{cfg, err}
	}()
	select {
	case r := <-done:
		return r.cfg, r.err
	case <-o.Interrupt.Done():
		return nil, o.Interrupt.Err()
	}
}

func (o Options) wasInForce(text []byte) bool {
	if o.WasInForce != nil {
		return o.WasInForce(text)
	}
	s, err := store.OpenExisting(config.FindStore(o.Path))
	if err != nil {
		return false
	}
	defer s.Close()
	return WasInForce(s, o.Path, text)
}

// WasInForce reports whether the text is that which the config file at path had when it
// was in force last.
func WasInForce(s *store.Store, path string, text []byte) bool {
	last, err := lastText(s, path)
	return err == nil && last == string(text)
}

// SaveLastGood stores the text of the config file at path, which was put in force.
func SaveLastGood(s *store.Store, path string, text []byte, now hygiene.Instant) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	return s.SaveConfigFile(path, text, now)
}

// lastText is the text that the config file at path had when it was in force last; empty
// for none. A store of an earlier version has it among the policies only.
func lastText(s *store.Store, path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	text, kept, err := s.ConfigFile(path)
	if err == nil && !kept {
		_, text, err = s.LastPolicy()
	}
	return text, err
}

// useLastGood replaces the config by the last good one in the store, and reports
// whether there is one that this version can read and that fits the store.
func (a *App) useLastGood(o Options, broken error) bool {
	text, err := lastText(a.Store, o.Path)
	if err != nil || text == "" {
		return false
	}
	options := o.configOptions()
	options.WasInForce = true
	if options.Secrets == config.SecretsRequired {
		options.Secrets = config.SecretsRequiredToListen
	}
	last, err := o.adjust(config.Parse(o.Path, []byte(text), options))
	if err != nil || CheckKeys(last, a.Store) != nil {
		return false
	}
	a.Config, a.Broken = last, broken
	return true
}

// ParseKept reads the text of a policy that the store keeps, of the config file at path. It
// was good once.
func ParseKept(path, text string) (*config.Config, error) {
	options := Options{}.configOptions()
	options.WasInForce = true
	return config.Parse(path, []byte(text), options)
}

// LastGood returns the last good config, which the store keeps, for a command that
// needs no store. Without one it returns broken, the error of the file.
func LastGood(path string, broken error) (*config.Config, error) {
	a, err := Open(Options{Path: path, Fallback: WhenBroken})
	if err != nil {
		return nil, broken
	}
	return a.Config, a.Close()
}
