// Package logs answers with the log, for another host that pulls it.
//
// An answer is written a page at a time, so that a slow reader holds nothing of the store,
// and has an end: the reader asks again from there.
package logs

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"winnow/internal/logline"
	"winnow/store/lines"
)

// Log is the log of this host.
type Log interface {
	// LastLine is the number of the last line; 0 for none.
	LastLine() (int64, error)
	// Resume is the line after which a reader goes on that has the line n of a writer; an
	// error that is [lines.ErrBeyond] if it can't have it.
	Resume(n int64, writer string) (after int64, err error)
	// Lines reads lines after one, up to a number and about so many bytes.
	Lines(after int64, most, bytes int) ([]lines.Line, error)
}

// One answer has at most about so many lines and bytes, before they are compressed.
const (
	maxLines = 50_000
	maxBytes = 64 << 20
)

// The log is read so many lines, and about so many bytes, at a time.
const (
	pageLines = 500
	pageBytes = 1 << 20
)

// ErrQuery is the error of a query without a number.
var ErrQuery = errors.New("after is the number of a line, from 0 on")

// Answer is an answer whose first lines were read.
type Answer struct {
	log  Log
	end  int64 // the last line of the log
	page []lines.Line
}

// Ask reads the first lines that a query asks for. The error is [ErrQuery],
// [lines.ErrBeyond] or that of the log.
func Ask(log Log, query url.Values) (*Answer, error) {
	n, err := int64(0), error(nil)
	if text := query.Get("after"); text != "" {
		if n, err = strconv.ParseInt(text, 10, 64); err != nil || n < 0 {
			return nil, ErrQuery
		}
	}
	after, err := log.Resume(n, query.Get("writer"))
	if err != nil {
		return nil, err
	}
	a := &Answer{log: log}
	if a.end, err = log.LastLine(); err != nil {
		return nil, err
	}
	a.page, err = log.Lines(after, pageLines, pageBytes)
	return a, err
}

// Write writes the lines. verified are the sources whose callbacks this host verifies. An error after the first byte must end the connection, so that a
// part of them is not taken for the whole.
func (a *Answer) Write(w http.ResponseWriter, out io.Writer, req *http.Request, verified []string) (err error) {
	w.Header().Set("Content-Type", logline.ContentType)
	w.Header().Set(logline.EndHeader, strconv.FormatInt(a.end, 10))
	w.Header().Set(logline.VerifiedHeader, strings.Join(verified, ","))
	w.Header().Set("Vary", "Accept-Encoding")
	if req.Method == http.MethodHead {
		return nil
	}
	if acceptsGzip(req) {
		w.Header().Set("Content-Encoding", "gzip")
		z, _ := gzip.NewWriterLevel(out, gzip.BestSpeed) // the level is one
		defer func() { err = errors.Join(err, z.Close()) }()
		out = z
	}
	var text []byte
	page := a.page
	for written, bytes := 0, 0; len(page) > 0; {
		text = text[:0]
		for i := range page {
			text = logline.Append(text, &page[i])
		}
		if _, err := out.Write(text); err != nil {
			return err
		}
		if written, bytes = written+len(page), bytes+len(text); written >= maxLines || bytes >= maxBytes {
			return nil
		}
		if page, err = a.log.Lines(page[len(page)-1].N, pageLines, pageBytes); err != nil {
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
