package loglimit

import (
	"bytes"
	"log"
	"log/slog"
	"time"
)

const (
	// httpErrorsEvery is how often errors of one HTTP server are logged.
	httpErrorsEvery = 10 * time.Second
	// maxHTTPError is how many bytes of such an error are logged.
	maxHTTPError = 500
)

// HTTPErrors returns the ErrorLog of an HTTP server. net/http writes a line to it for
// each failed TLS handshake, and a stranger can cause a thousand of these a second.
// name says which server it is.
func HTTPErrors(logger *slog.Logger, name string) *log.Logger {
	burst := NewBurst(httpErrorsEvery, func(count int, latest string) {
		logger.Warn("errors of connections", "server", name, "count", count, "latest", latest)
	})
	return log.New(httpErrors{burst}, "", 0)
}

// httpErrors counts each line that is written to it.
type httpErrors struct{ *Burst }

func (e httpErrors) Write(line []byte) (int, error) {
	text := bytes.TrimSpace(line)
	e.Add(string(text[:min(len(text), maxHTTPError)]))
	return len(line), nil
}
