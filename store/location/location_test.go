package location

import (
	"net/url"
	"strings"
	"testing"
)

func server1(t *testing.T, text string) string {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return Server(u, "/var/lib/winnow")
}

func TestNoSecretOfALocationIsShown(t *testing.T) {
	for text, want := range map[string]string{
		"postgres://winnow:sesame@db:5432/sms?sslmode=verify-full": "postgres://winnow@db:5432/sms",
		"postgres://db/sms?password=sesame&sslpassword=sesame":     "postgres://db/sms",
		"postgresql://ann@a:1,b:2/sms?user=x":                      "postgresql://ann@a:1,b:2/sms",
		"postgres:///sms?host=/run/postgresql&passfile=sesame":     "postgres:///sms",
	} {
		if got := Shown(server1(t, text)); got != want {
			t.Errorf("%s is shown as %s", text, got)
		}
	}
	if got := Shown("postgres://u:sesame@h:port/x"); strings.Contains(got, "sesame") {
		t.Errorf("what is no URL is shown as %s", got)
	}
	if got := Shown("/srv/a#b.db"); got != "/srv/a#b.db" {
		t.Errorf("a path is shown as %s", got)
	}
}

func TestAServersFilesAreInItsFolderByTheNameOfTheDatabase(t *testing.T) {
	for text, want := range map[string]string{
		"postgres://db/sms":          "/var/lib/winnow/sms-outbox",
		"postgres://db/..%2fetc":     "/var/lib/winnow/winnow-outbox",
		"postgres:///a%23b?host=/x":  "/var/lib/winnow/winnow-outbox",
		"postgres://db/sms?x=%23%2f": "/var/lib/winnow/sms-outbox",
	} {
		l := server1(t, text)
		if got := Beside(l, "outbox"); got != want {
			t.Errorf("the outbox of %s is %s", l, got)
		}
		if u, _ := url.Parse(URL(l)); u.Fragment != "" || !strings.HasPrefix(text, u.Scheme+"://"+u.Host) {
			t.Errorf("the URL of %s is %s", l, u)
		}
	}
	if got := Beside("/srv/winnow.db", "outbox"); got != "/srv/winnow-outbox" {
		t.Errorf("the outbox of a file is %s", got)
	}
}
