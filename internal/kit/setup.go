package kit

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/schedule"
	"winnow/segments"
	"winnow/segments/destination/local"
	"winnow/store/location"
)

// Setup is what the files are made for.
type Setup struct {
	Program string   // absolute path of winnow
	Config  string   // absolute path of the config
	Folder  string   // of the config
	Store   string   // absolute path, beside which its files are
	User    string   // who runs the daemon
	Writes  []string // folders that the daemon writes to, none within another

	Public, Admin       string // addresses at which a process of this host reaches the servers
	PublicPort          string
	PublicTLS, AdminTLS bool
	TokenFile           string // of the admin token

	Exports []ExportAge
	Backups bool // the config has a schedule of backups
}

// ExportAge is how old the last file of an export may be.
type ExportAge struct {
	Name string
	Max  int64 // seconds: the longest pause of its schedule, and two hours
}

// adminTokenFile is where the token is expected if the config names no file.
const adminTokenFile = "/etc/winnow/admin.token"

// NewSetup returns what the files of a config are made for. user runs the daemon, now is
// the present, which schedules depend on.
func NewSetup(cfg *config.Config, program, user string, now time.Time) (*Setup, error) {
	path, err := filepath.Abs(cfg.Path)
	if err != nil {
		return nil, err
	}
	store, err := filepath.Abs(location.Files(cfg.Store))
	if err != nil {
		return nil, err
	}
	s := &Setup{Program: program, Config: path, Folder: filepath.Dir(path), Store: store, User: user, TokenFile: tokenFile(cfg, store),
		Public: reachable(cfg.Listen), Admin: reachable(cfg.Admin.Listen), PublicTLS: cfg.TLS != nil, AdminTLS: cfg.Admin.TLS != nil, Backups: cfg.Backup != nil}
	_, s.PublicPort, _ = net.SplitHostPort(s.Public)
	s.Writes = []string{filepath.Dir(store)}
	for i := range cfg.Exports {
		folders, _ := local.Split(cfg.Exports[i].To)
		for _, folder := range folders {
			s.Writes = append(s.Writes, string(folder))
		}
		age, err := exportAge(&cfg.Exports[i], cfg.Timezone, now)
		if err != nil {
			return nil, err
		}
		s.Exports = append(s.Exports, age)
	}
	if cfg.Backup != nil {
		s.Writes = append(s.Writes, cfg.Backup.To)
	}
	s.Writes, err = outermost(s.Writes)
	return s, err
}

// ConfigName is the name of the config in its folder.
func (s *Setup) ConfigName() string { return filepath.Base(s.Config) }

// Outside returns the folders that the daemon writes to and that are not in the config's.
func (s *Setup) Outside() (folders []string) {
	for _, folder := range s.Writes {
		if folder != s.Folder && !strings.HasPrefix(folder, s.Folder+"/") {
			folders = append(folders, folder)
		}
	}
	return folders
}

// InHome reports whether the daemon reads or writes in a home.
func (s *Setup) InHome() bool {
	return slices.ContainsFunc(append([]string{s.Program, s.Config}, s.Writes...), func(path string) bool {
		return strings.HasPrefix(path, "/home/") || strings.HasPrefix(path, "/root/") || strings.HasPrefix(path, "/run/user/")
	})
}

// outermost are the folders that are not within another one, as absolute paths.
func outermost(folders []string) (kept []string, err error) {
	for i, folder := range folders {
		if folders[i], err = filepath.Abs(folder); err != nil {
			return nil, err
		}
	}
	slices.Sort(folders)
	for _, folder := range folders {
		within := slices.ContainsFunc(kept, func(k string) bool { return folder == k || strings.HasPrefix(folder, k+"/") })
		if !within {
			kept = append(kept, folder)
		}
	}
	return kept, nil
}

// tokenFile is the file of the admin token.
func tokenFile(cfg *config.Config, store string) string {
	if cfg.Admin.TokenFile != "" {
		return cfg.Admin.TokenFile
	}
	if beside := filepath.Join(filepath.Dir(store), console.TokenFile); cfg.Admin.Token == "" {
		return beside
	}
	return adminTokenFile
}

// reachable is an address at which a process of this host reaches a listener.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// exportAge is how old the last file of an export may be.
func exportAge(e *segments.Export, zone *time.Location, now time.Time) (ExportAge, error) {
	s, err := schedule.Parse(e.Schedule, zone)
	if err != nil {
		return ExportAge{}, err
	}
	longest, last := time.Duration(0), s.Next(now)
	for end := now.AddDate(0, 0, 35); !last.IsZero() && last.Before(end); {
		next := s.Next(last)
		if next.IsZero() {
			break
		}
		longest = max(longest, next.Sub(last))
		if longest < time.Hour && last.Sub(now) > 48*time.Hour {
			break // it is frequent: two days show its pauses
		}
		last = next
	}
	return ExportAge{e.Name, int64((longest + 2*time.Hour).Seconds())}, nil
}

// Executable returns the path of this program for a unit: that in the system's folder if
// it is there, else its own.
func Executable() (string, error) {
	const installed = "/usr/local/bin/winnow"
	if info, err := os.Stat(installed); err == nil && info.Mode().IsRegular() {
		return installed, nil
	}
	return os.Executable()
}

// Unit returns what makes the unit of a config that is not there yet.
func Unit(user string, now time.Time) func(path string, text []byte) (string, error) {
	return func(path string, text []byte) (string, error) {
		cfg, err := config.Parse(path, text, config.Options{CheckSchedule: schedule.Check, Secrets: config.SecretsOptional})
		if err != nil {
			return "", err
		}
		program, err := os.Executable()
		if err != nil {
			return "", err
		}
		setup, err := NewSetup(cfg, program, user, now)
		if err != nil {
			return "", err
		}
		return fill("winnow.service", setup)
	}
}
