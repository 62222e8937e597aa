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
	"winnow/hygiene/contactkey"
	"winnow/hygiene/provider"
	"winnow/internal/presets"
)

// discard is a log that keeps nothing, and a response nobody reads.
type discard struct{ header http.Header }

func (discard) Append(context.Context, []hygiene.Event, []hygiene.Unreadable) error { return nil }
func (d discard) Header() http.Header                                               { return d.header }
func (discard) Write(b []byte) (int, error)                                         { return len(b), nil }
func (discard) WriteHeader(int)                                                     {}
func (discard) SetReadDeadline(time.Time) error                                     { return nil }

// BenchmarkCallback is the handler alone, without network and without disk: with keys of
// text, and with phone numbers as keys that were seen before.
func BenchmarkCallback(b *testing.B) {
	for name, keys := range map[string]contactkey.Format{"text": {}, "phone": {Phone: true}} {
		b.Run("key="+name, func(b *testing.B) {
			reader, err := provider.New(provider.Config{Source: "insider", Format: presets.MustFind("insider").Format, Contact: "uniqueArgs.contact_id", Keys: keys})
			if err != nil {
				b.Fatal(err)
			}
			benchmarkCallback(b, Source{Name: "insider", Tokens: []string{token}, Reader: reader})
		})
	}
}

func benchmarkCallback(b *testing.B, s Source) {
	body := []byte(`{"id":"sms-66944540-5ade-4c1b-9f0e-0d7b5f3a9c21","uniqueArgs":{"contact_id":"+905551234567","campaign":"2026-11-black-friday","variant":"b","batch":"17"},"event":"undelivered","reason":{"message":"Soft Bounce","code":1404},"partCount":1}`)
	d := discard{header: http.Header{}}
	handler := New(Config{Sources: []Source{s}, Log: d}).Handler()
	reader := bytes.NewReader(body)
	req := httptest.NewRequest("POST", "/callbacks/"+token, reader)
	req.Body = io.NopCloser(reader)
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(body)
		handler.ServeHTTP(d, req)
	}
}
