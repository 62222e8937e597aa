package postgres_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// proxy stands between an engine and its server, and cuts a connection when it is asked to.
type proxy struct {
	listener net.Listener
	server   string // its socket
	url      string
	version  string // of which the server is to be; empty for what it is
	serving  sync.WaitGroup

	mu    sync.Mutex
	armed cut
	cuts  int
	cutAt chan struct{} // has a token for a cut
}

// cut is where the next connection is cut.
type cut struct {
	request string // when the engine sends something with that text, which does not get through
	answer  string // when the server has done what it answers so, which the engine does not get
	bytes   int    // when so many have got through
	// In place of a cut, the last bytes of the request wait for this to close.
	hang chan struct{}
	tail int
	lost bool // meanwhile the engine has lost the connection, and the server has not
	next bool // and it is not that request, but its connection's next one that has more bytes than tail

	on io.Writer // the connection of the request, once it was sent
}

const socket = ".s.PGSQL.5432"

// through is a proxy to the server of a database.
func through(t testing.TB, database string) *proxy {
	t.Helper()
	at, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "winnow-proxy-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{cutAt: make(chan struct{}, 1), server: filepath.Join(at.Query().Get("host"), socket)}
	if p.listener, err = net.Listen("unix", filepath.Join(folder, socket)); err != nil {
		t.Fatal(err)
	}
	at.RawQuery = "host=" + folder
	p.url = at.String()
	p.serving.Go(p.accept)
	t.Cleanup(func() {
		p.listener.Close()
		p.serving.Wait()
		os.RemoveAll(folder)
	})
	return p
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", p.server)
		if err != nil {
			client.Close()
			continue
		}
		p.serving.Go(func() {
			p.requests(server, client)
			client.Close()
			server.Close()
		})
		p.serving.Go(func() {
			p.answers(client, server)
			client.Close()
		})
	}
}

// arm makes a connection be cut there, once.
func (p *proxy) arm(where cut) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = where
}

// await waits until a connection is cut or hangs.
func (p *proxy) await() { <-p.cutAt }

// times is how often a connection was cut.
func (p *proxy) times() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// cutIf reports whether the connection is to be cut here.
func (p *proxy) cutIf(here func(cut) bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !here(p.armed) {
		return false
	}
	p.armed = cut{}
	p.cuts++
	select {
	case p.cutAt <- struct{}{}:
	default:
	}
	return true
}

// pass passes on as much as gets through; false if the connection is to be cut then.
func (p *proxy) pass(to io.Writer, text []byte) bool {
	through := len(text)
	isCut := p.cutIf(func(c cut) bool {
		if c.bytes == 0 {
			return false
		}
		through = min(c.bytes, len(text))
		p.armed.bytes -= through
		return p.armed.bytes == 0
	})
	_, err := to.Write(text[:through])
	return !isCut && err == nil
}

func (p *proxy) requests(server io.Writer, client io.ReadCloser) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		text := buffer[:n]
		var where cut
		if p.cutIf(func(c cut) bool { where = c; return p.isHere(c, server, text) }) {
			if where.hang == nil || !p.pass(server, text[:n-where.tail]) {
				return
			}
			if where.lost {
				client.Close()
			}
			<-where.hang
			text = text[n-where.tail:]
		}
		if !p.pass(server, text) {
			return
		}
	}
}

// isHere reports whether the engine has sent where to cut. The caller holds the lock.
func (p *proxy) isHere(c cut, server io.Writer, text []byte) bool {
	if c.on != nil {
		return c.on == server && len(text) > c.tail
	}
	found := c.request != "" && bytes.Contains(text, []byte(c.request))
	if found && c.next {
		p.armed.on = server
		return false
	}
	return found
}

// answers passes on the server's messages, each of which is a kind, its length and a text.
// When the engine has lost the connection they go nowhere.
func (p *proxy) answers(client io.WriteCloser, server io.Reader) {
	for {
		message := make([]byte, 5)
		if _, err := io.ReadFull(server, message); err != nil {
			return
		}
		text := make([]byte, binary.BigEndian.Uint32(message[1:])-4)
		if _, err := io.ReadFull(server, text); err != nil {
			return
		}
		if versioned := []byte("server_version\x00"); message[0] == 'S' && p.version != "" && bytes.HasPrefix(text, versioned) {
			text = append(append(versioned, p.version...), 0)
			binary.BigEndian.PutUint32(message[1:], uint32(len(text)+4))
		}
		done := message[0] == 'C' && p.cutIf(func(c cut) bool { return c.answer != "" && string(text) == c.answer+"\x00" })
		if done || !p.pass(client, append(message, text...)) {
			client.Close()
		}
	}
}
