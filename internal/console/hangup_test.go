package console

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"winnow/internal/console/view"
)

func TestTheContextOfARunEndsWhenTheCallerHangsUp(t *testing.T) {
	for _, path := range []string{"/api/v1/exports/nightly/run", "/api/v1/exports/nightly/runs/2026-11-23T020000Z/release"} {
		for _, body := range []string{"", "{}"} {
			waits, ended := make(chan bool), make(chan bool)
			wait := func(ctx context.Context) error {
				close(waits)
				<-ctx.Done()
				close(ended)
				return ctx.Err()
			}
			c := Config{
				RunExport: func(ctx context.Context, _ string) (view.Run, error) { return view.Run{}, wait(ctx) },
				Release: func(ctx context.Context, _, _ string, _ bool) (view.Released, error) {
					return view.Released{}, wait(ctx)
				},
			}
			overWire(t, c, func(conn net.Conn) {
				fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\n"+bearer+"Content-Length: %d\r\n\r\n%s", path, len(body), body)
				<-waits
				_ = conn.Close()
				<-ended // or the test never ends
			})
		}
	}
}

func TestOptionsOfTheServerAreProtectedLikeAllRoutes(t *testing.T) {
	for site, want := range map[string]int{"none": 404, "cross-site": 403} {
		overWire(t, Config{}, func(conn net.Conn) {
			fmt.Fprintf(conn, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: %s\r\n\r\n", site)
			resp := answered(t, conn)
			if resp.StatusCode != want || resp.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("from %s answered %s of type %q", site, resp.Status, resp.Header.Get("Content-Type"))
			}
		})
	}
}

func TestInvalidRequestsAreAnsweredAsDescribed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := Server(handlerOf(Config{}))
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	for request, want := range map[string]int{
		"GET /api/v1/contacts/100% HTTP/1.1\r\nHost: localhost\r\n\r\n":                                        400,
		"GET /readyz HTTP/1.1\r\nHost: localhost\r\nExpect: a miracle\r\n\r\n":                                 417,
		"GET /readyz HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 40<<10) + "\r\n\r\n":            431,
		"POST /api/v1/check HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: magic\r\n\r\n":                   501,
		"GET /readyz HTTP/9.9\r\nHost: localhost\r\n\r\n":                                                      505,
		"POST /api/v1/check HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil\r\nContent-Length: 2\r\n\r\n{}": 403,
		"DELETE /api/v1/check HTTP/1.1\r\nHost: localhost\r\n\r\n":                                             405,
		"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n":                                                  401,
	} {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, request) // the server may answer before it has read all
		resp := answered(t, conn)
		_ = conn.Close()
		problem := resp.Header.Get("Content-Type") == "application/problem+json"
		ours := want == 401 || want == 403 || want == 405
		if resp.StatusCode != want || problem != ours || !ours && !resp.Close {
			t.Errorf("%.60q is answered %s of type %q", request, resp.Status, resp.Header.Get("Content-Type"))
		}
		if !strings.Contains(string(openAPI), fmt.Sprint(want)) {
			t.Errorf("%d is not described", want)
		}
	}
}
