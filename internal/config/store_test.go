package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/store/location"
)

func TestAStoreOnAServerHasItsFilesWhereTheConfigSays(t *testing.T) {
	folder, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"store: postgresql://winnow@db:5432/sms":                                                           folder + "/sms",
		"store: postgres://winnow@a,b/sms?target_session_attrs=read-write&pool_max_conns=16\nfolder: data": folder + "/data/sms",
		"store: postgres:///sms?host=/run/postgresql\nfolder: /var/lib/winnow":                             "/var/lib/winnow/sms",
	} {
		c, err := Parse("testdata/winnow.yaml", []byte(text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := location.Files(c.Store); got != want {
			t.Errorf("%s\nhas its files at %s", text, got)
		}
	}
}

// The last good config is in the store that the file names, whatever else is wrong with it.
func TestTheStoreOfABrokenFileIsTheSame(t *testing.T) {
	for _, text := range []string{
		"store: sqlite://data/winnow.db", "", "store: 'postgres://winnow@db/sms?sslrootcert=ca.pem&sslmode=verify-full&passfile=/run/pgpass'\nfolder: data",
	} {
		path := filepath.Join(t.TempDir(), "winnow.yaml")
		c, err := Parse(path, []byte(text+"\nlisten: ':1'\n"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text+"\nlisten: oops\nx: [\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := FindStore(path); got != c.Store {
			t.Errorf("%s is found, and not %s", got, c.Store)
		}
	}
}

func TestFilesThatAServersURLNamesAreRelativeToTheConfig(t *testing.T) {
	c, err := Parse("/etc/winnow/winnow.yaml", []byte("store: postgres://db/sms?passfile=pgpass&sslrootcert=system"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if url := location.URL(c.Store); !strings.Contains(url, "passfile=%2Fetc%2Fwinnow%2Fpgpass") || !strings.Contains(url, "sslrootcert=system") {
		t.Errorf("the store is %s", c.Store)
	}
}
