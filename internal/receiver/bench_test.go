package receiver

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"winnow/hygiene"
)

// discard is a log that keeps nothing, and a response nobody reads.
type discard struct{ header http.Header }

func (discard) Append(context.Context, []hygiene.Event, []hygiene.Unreadable) error { return nil }
func (d discard) Header() http.Header                                               { return d.header }
func (discard) Write(b []byte) (int, error)                                         { return len(b), nil }
func (discard) WriteHeader(int)                                                     {}
func (discard) SetReadDeadline(time.Time) error                                     { return nil }

// BenchmarkCallback is the handler alone, without network and without disk.
func BenchmarkCallback(b *testing.B) {
	body := []byte(`{"id":"sms-66944540-5ade-4c1b-9f0e-0d7b5f3a9c21","uniqueArgs":{"contact_id":"crm-0001234567","campaign":"2026-11-black-friday","variant":"b","batch":"17"},"event":"undelivered","reason":{"message":"Soft Bounce","code":1404},"partCount":1}`)
	d := discard{header: http.Header{}}
	handler := New(Config{Sources: []Source{source(b, "insider", token)}, Log: d}).Handler()
	reader := bytes.NewReader(body)
	req := httptest.NewRequest("POST", "/callbacks/"+token, reader)
	req.Body = io.NopCloser(reader)
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(body)
		handler.ServeHTTP(d, req)
	}
}
