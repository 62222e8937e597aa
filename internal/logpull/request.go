package logpull

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"winnow/internal/config"
	"winnow/internal/logline"
)

const (
	connectWithin = 5 * time.Second
	answerWithin  = 10 * time.Second // its header, and between two parts of it
	pullWithin    = time.Minute      // the whole answer; what came by then is stored
)

// client asks one receiver.
type client struct {
	receiver config.Receiver
	http     *http.Client
	broken   error // why there can be no connection
}

// newClient returns a client that has read the receiver's certificates. It follows no
// redirect, which would take the token elsewhere, and asks no proxy.
func newClient(r config.Receiver) *client {
	c := &client{receiver: r}
	t := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: connectWithin}).DialContext,
		TLSHandshakeTimeout: connectWithin, ResponseHeaderTimeout: answerWithin, MaxIdleConns: 1, IdleConnTimeout: time.Minute,
		MaxResponseHeaderBytes: 16 << 10, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if r.CA != "" {
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if text, err := os.ReadFile(r.CA); err != nil {
			c.broken = fmt.Errorf("the file of its ca can't be read: %w", err)
		} else if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(text) {
			c.broken = fmt.Errorf("%s contains no certificate", r.CA)
		}
	}
	c.http = &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c
}

func (c *client) close() { c.http.CloseIdleConnections() }

// errBeyond says that the log ends before the cursor.
var errBeyond = errors.New("its log ends before what was pulled")

// answer is an answer with lines.
type answer struct {
	io.Reader
	end int64 // the last line of the log
	// verified are the sources whose callbacks that host verifies.
	verified []string
	close    func()
}

// ask asks for the lines after a position. The caller closes the answer. The context's own
// end is none of the receiver's faults.
func (c *client) ask(ctx context.Context, method string, from position) (*answer, error) {
	if c.broken != nil {
		return nil, c.broken
	}
	if c.receiver.Token == "" {
		return nil, errors.New("its token is not known here: set it under receivers in the config")
	}
	ctx, cancel := context.WithTimeout(ctx, pullWithin)
	req, err := http.NewRequestWithContext(ctx, method, c.receiver.URL+"/api/v1/log?"+url.Values{"after": {strconv.FormatInt(from.n, 10)}, "writer": {from.writer}}.Encode(), http.NoBody)
	if err != nil {
		cancel()
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.receiver.Token)
	res, err := c.http.Do(req)
	if err != nil {
		cancel()
		return nil, unreachable(err)
	}
	a := &answer{Reader: newPatience(res.Body, cancel), close: func() { cancel(); res.Body.Close() }}
	if err := check(res); err != nil {
		a.close()
		return nil, err
	}
	if a.end, err = strconv.ParseInt(res.Header.Get(logline.EndHeader), 10, 64); err != nil || a.end < 0 {
		a.close()
		return nil, errNoLog
	}
	a.verified = strings.Split(res.Header.Get(logline.VerifiedHeader), ",")
	return a, nil
}

var errNoLog = errors.New("what answers at its URL is not the admin server of winnow: correct url under receivers")

// check is an error for an answer without lines.
func check(res *http.Response) error {
	switch {
	case res.StatusCode == http.StatusOK && res.Header.Get("Content-Type") == logline.ContentType:
		return nil
	case res.StatusCode == http.StatusConflict:
		return errBeyond
	case res.StatusCode == http.StatusUnauthorized:
		return errors.New("it refuses the token: write the log_token of that host under receivers in the config")
	case res.StatusCode == http.StatusNotFound:
		return errors.New("it has no /api/v1/log: correct url under receivers, or update winnow there")
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return errors.New("it answers with a redirect, which is not followed: write the URL of its admin server itself")
	case res.StatusCode >= 500:
		return fmt.Errorf("it answers %d: see its log", res.StatusCode)
	}
	return errNoLog
}

// unreachable is the error of a request that was not answered.
func unreachable(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	hint := "look whether winnow serve --receive runs there, and whether its admin.listen can be reached from here"
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &authority):
		hint = "name the certificate of its authority as ca under receivers"
	case errors.As(err, &name):
		hint = "write a name under url that its certificate has"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		hint = "write http:// under url, or give its admin server a certificate (admin.tls)"
	case strings.Contains(err.Error(), "malformed HTTP"):
		hint = "write https:// under url if its admin server has a certificate"
	}
	return fmt.Errorf("it can't be reached (%w): %s", err, hint)
}

// patience reads an answer as long as its parts come soon.
type patience struct {
	io.Reader
	timer *time.Timer
}

func newPatience(r io.Reader, giveUp func()) *patience {
	return &patience{r, time.AfterFunc(answerWithin, giveUp)}
}

func (p *patience) Read(b []byte) (int, error) {
	p.timer.Reset(answerWithin)
	n, err := p.Reader.Read(b)
	p.timer.Stop() // what is done with it takes its own time
	return n, err
}
