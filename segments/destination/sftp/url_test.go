package sftp

import (
	"strings"
	"testing"
)

func TestAnSFTPFolderIsReadFromItsURL(t *testing.T) {
	for text, want := range map[string]Folder{
		"sftp://crm@files.example.com/in":         {User: "crm", Host: "files.example.com", Port: 22, Path: "/in"},
		"sftp://crm@Files.example.com:2222/in/a/": {User: "crm", Host: "files.example.com", Port: 2222, Path: "/in/a"},
		"sftp://crm@files.example.com/":           {User: "crm", Host: "files.example.com", Port: 22, Path: "/"},
		"sftp://crm@files.example.com/~/in":       {User: "crm", Host: "files.example.com", Port: 22, Path: "in"},
		"sftp://crm@files.example.com/~":          {User: "crm", Host: "files.example.com", Port: 22, Path: "."},
		"sftp://crm@files.example.com/~other/in":  {User: "crm", Host: "files.example.com", Port: 22, Path: "/~other/in"},
		"sftp://a%40b@[::1]:2022/my%20files":      {User: "a@b", Host: "::1", Port: 2022, Path: "/my files"},
		"sftp://crm@[::1]/in":                     {User: "crm", Host: "::1", Port: 22, Path: "/in"},
	} {
		got, err := Parse(text)
		if err != nil || got != want {
			t.Errorf("%s is read as %+v, %v; want %+v", text, got, err, want)
		}
		if again, err := Parse(got.String()); err != nil || again != want {
			t.Errorf("%s is written as %s, which is read as %+v, %v", text, got, again, err)
		}
	}
}

func TestAnSFTPFolderThatMakesNoSenseIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"ftp://u@h/in":               "does not begin with sftp://",
		"sftp://h/in":                "who logs in",
		"sftp://u@/in":               "name the server",
		"sftp://u@h":                 "name a folder",
		"sftp://u:hunter2@h/in":      `password: "${NAME}"`,
		"sftp://u:@h/in":             `password: "${NAME}"`,
		"sftp://u:hunter2@h:x/in":    "is not a URL",
		"sftp://u:hun%ter2@h/in":     "is not a URL",
		"sftp://u@h:0/in":            "is not a port",
		"sftp://u@h:65536/in":        "is not a port",
		"sftp://u@h/in?x=1":          "%3F",
		"sftp://u@h/in#x":            "%23",
		"sftp://u@h/in%00":           "can't be seen",
		"sftp://u@h/in%0aInjected:x": "can't be seen",
	} {
		_, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "ter2") {
			t.Errorf("%s: the error is %v, want %q", text, err, want)
		}
	}
}

func TestAnSFTPFolderIsNamedWithoutSecrets(t *testing.T) {
	s := Folder{User: "crm", Host: "files.example.com", Path: "/in", Password: "hunter2", Key: "hunter3", Passphrase: "hunter4"}
	if got := s.String(); got != "sftp://crm@files.example.com/in" {
		t.Errorf("it is named %s", got)
	}
	s.Port = 2222
	if got := s.String(); got != "sftp://crm@files.example.com:2222/in" {
		t.Errorf("it is named %s", got)
	}
}
