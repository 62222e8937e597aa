package console

import (
	"compress/gzip"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"winnow/internal/connlimit"
	"winnow/internal/logline"
	"winnow/store/lines"
)

// Log is the log for other hosts.
type Log interface {
	// LastLine is the number of the last line; 0 for none.
	LastLine() (int64, error)
	// Resume is the line after which a reader goes on that has the line n of a writer; an
	// error that is [lines.ErrBeyond] if there can be none.
	Resume(n int64, writer string) (after int64, err error)
	// Lines reads lines after one, up to a number and about so many bytes.
	Lines(after int64, most, bytes int) ([]lines.Line, error)
}

// One answer has at most so many lines, and about so many bytes before they are compressed.
// A reader asks again from where it ended.
const (
	maxLogLines = 50_000
	maxLogBytes = 64 << 20
)

// The log is read a page at a time, so that a slow reader holds nothing.
const (
	pageLines = 500
	pageBytes = 1 << 20
)

// logRoute wraps the log as api does, but for the token: that of the log opens it too.
func (s *server) logRoute(route string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if err := s.requireLogToken(w, req); err != nil {
			s.Metrics.apiAnswered(route, s.fail(w, req, err), 0)
			return
		}
		start := time.Now()
		status := s.answer(w, req, s.log)
		s.Metrics.apiAnswered(route, status, time.Since(start))
	})
}

// requireLogToken returns an error for a request with neither of the tokens.
func (s *server) requireLogToken(w http.ResponseWriter, req *http.Request) error {
	given := bearerOf(req)
	if s.LogToken != nil && given != "" {
		if right := s.LogToken(); right != "" {
			a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(right))
			if subtle.ConstantTimeCompare(a[:], b[:]) == 1 {
				connlimit.Hold(req.Context())
				return nil
			}
		}
	}
	err := s.requireBearer(w, req)
	if err == nil {
		return nil
	}
	if given == "" {
		return apiErrorf(http.StatusUnauthorized, "log_token of this host's config, or the admin token is required; send the header Authorization: Bearer TOKEN")
	}
	return apiErrorf(http.StatusUnauthorized, "the token is wrong; it is log_token of this host's config, or its admin token")
}

// log answers with the lines after one.
func (s *server) log(w http.ResponseWriter, req *http.Request) (any, error) {
	if s.Log == nil {
		return nil, errNotFound
	}
	query := req.URL.Query()
	n, err := int64(0), error(nil)
	if text := query.Get("after"); text != "" {
		if n, err = strconv.ParseInt(text, 10, 64); err != nil || n < 0 {
			return nil, apiErrorf(http.StatusBadRequest, "after is the number of a line, from 0 on")
		}
	}
	after, err := s.Log.Resume(n, query.Get("writer"))
	if errors.Is(err, lines.ErrBeyond) {
		return nil, NewAPIError(http.StatusConflict, err)
	}
	if err != nil {
		return nil, err
	}
	end, err := s.Log.LastLine()
	if err != nil {
		return nil, err
	}
	first, err := s.Log.Lines(after, pageLines, pageBytes)
	if err != nil {
		return nil, err
	}
	w.Header().Set("Content-Type", logline.ContentType)
	w.Header().Set(logline.EndHeader, strconv.FormatInt(end, 10))
	w.Header().Set("Vary", "Accept-Encoding")
	if req.Method == http.MethodHead {
		return streamed{}, nil
	}
	if err := s.writeLog(w, req, first); err != nil {
		if req.Context().Err() == nil {
			s.Logger.Error("the log could not be sent", "error", err)
		}
		panic(http.ErrAbortHandler) // so that a part is not taken for the whole
	}
	return streamed{}, nil
}

// writeLog writes pages of lines, of which the first was read.
func (s *server) writeLog(w http.ResponseWriter, req *http.Request, page []lines.Line) (err error) {
	out := io.Writer(patientWriter{w})
	if acceptsGzip(req) {
		w.Header().Set("Content-Encoding", "gzip")
		z, _ := gzip.NewWriterLevel(out, gzip.BestSpeed) // the level is one
		defer func() { err = errors.Join(err, z.Close()) }()
		out = z
	}
	var text []byte
	for written, bytes := 0, 0; len(page) > 0; {
		text = text[:0]
		for i := range page {
			text = logline.Append(text, &page[i])
		}
		if _, err := out.Write(text); err != nil {
			return err
		}
		if written, bytes = written+len(page), bytes+len(text); written >= maxLogLines || bytes >= maxLogBytes {
			return nil
		}
		if page, err = s.Log.Lines(page[len(page)-1].N, pageLines, pageBytes); err != nil {
			return err
		}
	}
	return nil
}

// acceptsGzip reports whether a client reads gzip.
func acceptsGzip(req *http.Request) bool {
	for _, header := range req.Header["Accept-Encoding"] {
		for _, coding := range strings.Split(header, ",") {
			name, weight, _ := strings.Cut(coding, ";")
			_, q, weighted := strings.Cut(strings.ReplaceAll(weight, " ", ""), "q=")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") {
				return !weighted || strings.Trim(q, "0.") != ""
			}
		}
	}
	return false
}
