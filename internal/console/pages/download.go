package pages

import (
	"context"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// contentTypes are those of the files of runs, by how their names end. Everything else is
// octets.
var contentTypes = map[string]string{".csv": "text/csv; charset=utf-8", ".json": "application/json", ".ndjson": "application/x-ndjson", ".gz": "application/gzip"}

// download answers with a file, in the parts in which it is written. An error before the
// first part is the answer; a later one breaks the connection, so that half of a file is
// not taken for the whole.
func (s *server) download(w http.ResponseWriter, req *http.Request, name string, write func(context.Context, io.Writer) error) error {
	to := &downloadWriter{ResponseWriter: w, name: name}
	if req.Method == http.MethodHead {
		to.begin()
		return nil
	}
	err := write(req.Context(), to)
	switch {
	case err == nil:
		to.begin()
		return nil
	case !to.begun:
		return err
	case req.Context().Err() == nil:
		s.Logger.ErrorContext(req.Context(), "a download failed", "path", req.URL.Path, "error", err)
	}
	panic(http.ErrAbortHandler)
}

// downloadWriter sends the head before the first part, and gives the client the same time
// for each part.
type downloadWriter struct {
	http.ResponseWriter
	name  string
	begun bool
}

func (w *downloadWriter) begin() {
	if w.begun {
		return
	}
	w.begun = true
	kind := contentTypes[strings.ToLower(path.Ext(w.name))]
	if kind == "" {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": w.name}))
	w.WriteHeader(http.StatusOK)
}

// Write sends a part.
func (w *downloadWriter) Write(b []byte) (int, error) {
	w.begin()
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(writeTimeout)) // a recorder does not support it
	return w.ResponseWriter.Write(b)
}
