package config

import (
	"crypto/x509"
	"net/url"
	"os"
	"strings"

	"winnow/internal/yamldoc"
)

var receiver = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, NotBoth: []string{"token", "token_file"}, AnyOf: []string{"token", "token_file"}, Fields: []yamldoc.Field{
	{Key: "url", Shape: &yamldoc.Shape{Kind: yamldoc.Text, EditorPattern: `^https?://[^/?#@]+/?$`, Expect: "a URL like https://receiver-1.example.com:8081"}, Required: true,
		Doc: "Address of the receiver's admin server: https://, or http:// within a network that nobody else can listen to."},
	{Key: "token", Shape: token, Doc: "The log_token of that host."},
	{Key: "token_file", Shape: PathShape, Doc: "File that holds the token, relative to this file."},
	{Key: "ca", Shape: PathShape, Doc: "PEM file of the certificate authorities that its certificate may be from, relative to this file. Default: those of the system."},
}}

// readReceivers reads the hosts whose logs are pulled.
func (r *reader) readReceivers(e *yamldoc.Entry) (list []Receiver) {
	known := map[string]bool{}
	for _, x := range e.Items() {
		own := Receiver{URL: readReceiverURL(x.Get("url")), CA: r.absolute(x.Get("ca").Text())}
		own.Token, _ = r.readToken(x, "token")
		switch {
		case !x.Has("token") && !x.Has("token_file") && x.Valid():
			x.ReportWhole("a receiver needs a token", `write token: "${NAME}" or token_file: FILE`)
		case own.URL != "" && known[own.URL]:
			x.Get("url").Report("there are two receivers with this URL", "remove one of them")
		}
		known[own.URL] = true
		r.checkCA(x.Get("ca"), own.CA)
		list = append(list, own)
	}
	return list
}

// readReceiverURL reads a URL without a path; empty for an invalid one.
func readReceiverURL(e *yamldoc.Entry) string {
	if e == nil || e.Text() == "" {
		return ""
	}
	hidePassword(e)
	u, err := url.Parse(e.Text())
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "":
		e.Report(yamldoc.Quote(e.Text())+" is not the URL of a receiver", "write it like https://receiver-1.example.com:8081")
	case u.User != nil:
		e.Report("the URL of a receiver has no user", "write the token under token or token_file")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		e.Report("the URL of a receiver ends after the port", "write it like "+u.Scheme+"://"+u.Host)
	default:
		return u.Scheme + "://" + strings.ToLower(u.Host)
	}
	return ""
}

// checkCA reports a file of certificate authorities that has none.
func (r *reader) checkCA(e *yamldoc.Entry, path string) {
	if path == "" || r.options.Sealed || r.options.Secrets == SecretsOptional {
		return
	}
	text, err := os.ReadFile(path)
	switch {
	case err != nil:
		e.Report("cannot read "+yamldoc.Quote(e.Text())+": "+reasonOf(err), "the path is relative to the config file")
	case !x509.NewCertPool().AppendCertsFromPEM(text):
		e.Report(yamldoc.Quote(e.Text())+" contains no certificate", "write the certificate of the authority there, in PEM")
	}
}
