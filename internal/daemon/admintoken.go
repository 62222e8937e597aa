package daemon

import (
	"path/filepath"

	"winnow/internal/config"
	"winnow/internal/console"
)

// readAdminToken returns the token of the admin server under a config: admin.token or,
// without one, that of the file beside the store, which is made when it is missing.
func (d *Daemon) readAdminToken(cfg *config.Config) (string, error) {
	if cfg.Admin.Token != "" {
		return cfg.Admin.Token, nil
	}
	path := filepath.Join(filepath.Dir(d.store.Path()), console.TokenFile)
	token, made, err := console.MakeToken(path)
	if made {
		d.log.Info("admin.token is not set: made a token for the admin server", "file", path)
	}
	return token, err
}
