package attack

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// idle keeps a connection open that has sent no more than this, until ctx ends. When
// the server closes it, another is opened. It calls opened once it is open.
func idle(ctx context.Context, address, sent string, opened func()) {
	opened = sync.OnceFunc(opened)
	defer opened()
	for ctx.Err() == nil {
		if conn, err := net.Dial("tcp", address); err == nil {
			_, _ = io.WriteString(conn, sent)
			opened()
			stop := context.AfterFunc(ctx, func() { conn.Close() })
			_, _ = io.Copy(io.Discard, conn)
			stop()
			conn.Close()
		}
		select {
		case <-ctx.Done():
		case <-time.After(3 * time.Second):
		}
	}
}

func TestAThousandIdleConnectionsStopNothing(t *testing.T) {
	x := start(t, "ulimit -n 256; ", false)
	end := time.Now().Add(*lasting)
	ctx, cancel := context.WithDeadline(t.Context(), end)
	defer cancel()
	var idlers, opened sync.WaitGroup
	opened.Add(1100)
	for i := range 1000 {
		sent := []string{
			"",
			"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
			"POST /callbacks/" + token + " HTTP/1.1\r\nHost: x\r\nX-Half: ",
			"GET /callbacks/" + token + " HTTP/1.1\r\nHost: x\r\n\r\n",
			"POST /unknown HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
		}[i%5]
		idlers.Go(func() { idle(ctx, x.public, sent, opened.Done) })
	}
	for range 100 {
		idlers.Go(func() { idle(ctx, x.private, "GET /api/v1/status HTTP/1.1\r\nHost: x\r\n\r\n", opened.Done) })
	}
	opened.Wait()
	x.work(t, end)
	cancel()
	idlers.Wait()
	x.admin(t, client(), http.MethodGet, "/api/v1/status")
}
