package daemon

import (
	"errors"
	"io/fs"
	"path/filepath"

	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/store/location"
)

// readAdminToken returns the token of the admin server under a config: admin.token or,
// without one, that of the file beside the store, which is made when it is missing.
func (d *Daemon) readAdminToken(cfg *config.Config) (string, error) {
	if cfg.Admin.Token != "" {
		return cfg.Admin.Token, nil
	}
	path := tokenFile(cfg)
	token, made, err := console.MakeToken(path)
	if made {
		d.log.Info("admin.token is not set: made a token for the admin server", "file", path)
	}
	return token, err
}

// AdminToken returns the token that a daemon with this config asks for. It makes none.
func AdminToken(cfg *config.Config) (string, error) {
	if cfg.Admin.Token != "" {
		return cfg.Admin.Token, nil
	}
	token, err := console.ReadToken(tokenFile(cfg))
	if errors.Is(err, fs.ErrNotExist) {
		return "", errors.New("admin.token is not set here, and there is no " + tokenFile(cfg) + ": winnow serve makes it at its first start, unless its environment has the token")
	}
	return token, err
}

// tokenFile is where a daemon without admin.token keeps its token.
func tokenFile(cfg *config.Config) string {
	return filepath.Join(location.Folder(cfg.Store), console.TokenFile)
}
