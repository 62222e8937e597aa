package attack

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// preface begins an HTTP/2 connection.
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// The types and flags of frames.
const (
	headersFrame, settingsFrame, windowFrame = 1, 4, 8

	endStream, endHeaders, ack = 1, 4, 1
)

const (
	headerTableSize = 1   // a setting
	atOnce          = 100 // requests without an answer on a connection
)

func frame(kind, flags byte, stream uint32, payload ...byte) []byte {
	f := append(make([]byte, 0, 9+len(payload)), byte(len(payload)>>16), byte(len(payload)>>8), byte(len(payload)), kind, flags)
	return append(binary.BigEndian.AppendUint32(f, stream), payload...)
}

func setting(id uint16, value uint32) []byte {
	return frame(settingsFrame, 0, 0, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, id), value)...)
}

// request asks for /nope: method and scheme are entries of the static table, path and
// authority are literals.
func request(stream uint32) []byte {
	return frame(headersFrame, endStream|endHeaders, stream, append([]byte{0x82, 0x87, 0x04, 5}, "/nope\x01\x01x"...)...)
}

// attacks counts what became of the connections.
type attacks struct{ handshakes, refused, answered505, streams, closed atomic.Int64 }

// streams speaks HTTP/2 on a connection until it is closed or ctx ends: many requests,
// and a change of the header table's size between them. A server that answers while it
// changes that table can crash.
func (a *attacks) speak(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	var writing sync.Mutex
	write := func(b []byte) bool {
		writing.Lock()
		defer writing.Unlock()
		_, err := conn.Write(b)
		return err == nil
	}
	free := make(chan struct{}, atOnce)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.read(conn, write, free)
	}()
	if !write(append([]byte(preface), frame(settingsFrame, 0, 0)...)) || !write(frame(windowFrame, 0, 0, 0x7f, 0, 0, 0)) {
		<-ended
		return
	}
	for stream := uint32(1); ctx.Err() == nil && stream < 1<<31; stream += 2 {
		select {
		case free <- struct{}{}:
		case <-ended:
			return
		}
		if !write(request(stream)) || stream%8 == 1 && !write(setting(headerTableSize, stream/8%2*4096)) {
			break
		}
	}
	<-ended
}

// read reads answers until the connection ends.
func (a *attacks) read(conn net.Conn, write func([]byte) bool, free chan struct{}) {
	in := bufio.NewReader(conn)
	if begin, err := in.Peek(12); err != nil {
		a.closed.Add(1)
		return
	} else if string(begin) == "HTTP/1.1 505" {
		a.answered505.Add(1)
		_, _ = io.Copy(io.Discard, in)
		return
	}
	for head := make([]byte, 9); ; {
		if _, err := io.ReadFull(in, head); err != nil {
			return
		}
		length := int64(head[0])<<16 | int64(head[1])<<8 | int64(head[2])
		if _, err := io.CopyN(io.Discard, in, length); err != nil {
			return
		}
		switch {
		case head[3] == settingsFrame && head[4]&ack == 0:
			write(frame(settingsFrame, ack, 0))
		case head[3] <= headersFrame && head[4]&endStream != 0:
			a.streams.Add(1)
			select {
			case <-free:
			default:
			}
		}
	}
}

// The ways to come to an HTTP/2 connection: protocols to offer in TLS, or none at all.
var offers = [][]string{{"h2"}, {"h2", "http/1.1"}, {"http/1.1"}, nil}

// repeat opens one connection after the other until ctx ends.
func (a *attacks) repeat(ctx context.Context, x *target, offered []string) {
	for ctx.Err() == nil {
		a.handshakes.Add(1)
		conn, err := net.Dial("tcp", x.public)
		if err == nil && x.tls {
			over := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: offered})
			if err = over.HandshakeContext(ctx); err != nil {
				conn.Close()
			}
			conn = over
		}
		if err != nil {
			a.refused.Add(1)
			continue
		}
		a.speak(ctx, conn)
	}
}

func attackWithHTTP2(t *testing.T, overTLS bool) {
	x := start(t, "", overTLS)
	end := time.Now().Add(*lasting)
	ctx, cancel := context.WithDeadline(t.Context(), end)
	defer cancel()
	var a attacks
	var attackers sync.WaitGroup
	for _, offered := range offers {
		attackers.Go(func() { a.repeat(ctx, x, offered) })
	}
	x.work(t, time.Until(end))
	cancel()
	attackers.Wait()
	t.Logf("%v: %d connections, %d handshakes refused, %d prefaces answered 505, %d closed without an answer, %d HTTP/2 requests answered",
		*lasting, a.handshakes.Load(), a.refused.Load(), a.answered505.Load(), a.closed.Load(), a.streams.Load())
	if a.handshakes.Load() == 0 || a.answered505.Load() == 0 {
		t.Error("nothing was attacked")
	}
	if a.streams.Load() > 0 {
		t.Error("the server speaks HTTP/2")
	}
}

func TestHTTP2OverTLSKillsNothing(t *testing.T)    { attackWithHTTP2(t, true) }
func TestHTTP2WithoutTLSKillsNothing(t *testing.T) { attackWithHTTP2(t, false) }
