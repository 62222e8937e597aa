package sftp

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"winnow/segments/destination/sftp/sftptest"
)

// within runs a delivery that must fail in that time.
func within(t *testing.T, limit time.Duration, do func()) {
	t.Helper()
	start := time.Now()
	do()
	if took := time.Since(start); took > limit {
		t.Errorf("it took %s, want at most %s", took, limit)
	}
}

// shorten gives servers that long for an answer.
func shorten(t *testing.T, step time.Duration) {
	t.Helper()
	was := stepTimeout
	stepTimeout = step
	t.Cleanup(func() { stepTimeout = was })
}

// Keepalives, which winnow answers, are not what the server was asked for.
func TestAServerThatTalksInsteadOfAnsweringIsLeft(t *testing.T) {
	shorten(t, 300*time.Millisecond)
	s := sftptest.Serve(t, sftptest.HangAt(4), sftptest.Chatter(100, 20*time.Millisecond))
	within(t, 10*time.Second, func() {
		mustFail(t, folderOn(t, s), deliveryAt(t, 1, 3), "the server stopped answering")
	})
}

// What is sent without being asked for is bounded, long before the time is over.
func TestAServerThatFloodsTheConnectionIsLeft(t *testing.T) {
	s := sftptest.Serve(t, sftptest.HangAt(4), sftptest.Chatter(30_000, 0))
	within(t, 20*time.Second, func() {
		mustFail(t, folderOn(t, s), deliveryAt(t, 1, 3), "the server sends more than it was asked for")
	})
}

// A server that chats and answers is used.
func TestAServerMayChatWhileItAnswers(t *testing.T) {
	s := sftptest.Serve(t, sftptest.Chatter(100, time.Millisecond))
	deliver(t, folderOn(t, s), deliveryAt(t, 1, 600))
}

// A connection may be silent while winnow itself is busy.
func TestAConnectionMayRestBetweenSteps(t *testing.T) {
	shorten(t, 100*time.Millisecond)
	s := sftptest.Serve(t)
	f := folderOn(t, s)
	c, err := f.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for range 2 {
		if _, err := c.ReadDir("/"); err != nil {
			t.Fatal(err)
		}
		<-time.After(3 * stepTimeout)
	}
}

// packet is a packet of SSH before keys are exchanged.
func packet(payload []byte) []byte {
	padding := 8 - (5+len(payload))%8
	if padding < 4 {
		padding += 8
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(1+len(payload)+padding))
	b = append(append(b, byte(padding)), payload...)
	return append(b, make([]byte, padding)...)
}

// keyExchange offers these algorithms to exchange keys with.
func keyExchange(algorithms string) []byte {
	lists := []string{algorithms, "ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256", "none", "none", "", ""}
	b := append([]byte{20}, make([]byte, 16)...)
	for _, list := range lists {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(list))), list...)
	}
	return packet(append(b, 0, 0, 0, 0, 0))
}

// strangerAt is a folder on a server that has shown no key. It says what say writes,
// the nth time on a connection.
func strangerAt(t *testing.T, say func(n int, w io.Writer) error) Folder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				go io.Copy(io.Discard, c)
				w := bufio.NewWriter(c)
				w.WriteString("SSH-2.0-stranger\r\n")
				for n := 0; say(n, w) == nil && w.Flush() == nil; n++ {
				}
			}()
		}
	}()
	to, err := Parse("sftp://ann@" + l.Addr().String() + "/in")
	if err != nil {
		t.Fatal(err)
	}
	to.Password, to.HostKey = sftptest.Password, sftptest.Serve(t).HostKey
	return to
}

// A man in the middle may send debug messages forever before keys are exchanged.
func TestAStrangerThatFloodsTheLoginIsLeft(t *testing.T) {
	debug := packet(append([]byte{4, 1, 0, 0, 0, 200}, make([]byte, 204)...))
	f := strangerAt(t, func(n int, w io.Writer) error {
		say := debug
		if n == 0 {
			say = keyExchange("curve25519-sha256")
		}
		_, err := w.Write(say)
		return err
	})
	within(t, 20*time.Second, func() { mustFail(t, f, deliveryAt(t, 1, 3), "the server sends more than it was asked for") })
}

// The names of a stranger's algorithms are escaped and bounded before anything stores
// or prints them.
func TestTheWordsOfAStrangerAreEscapedAndBounded(t *testing.T) {
	f := strangerAt(t, func(n int, w io.Writer) error {
		if n > 0 {
			<-t.Context().Done()
			return io.EOF
		}
		_, err := w.Write(keyExchange("diffie-\x1b]0;PWNED\x07\x1b[2J," + strings.Repeat("x", 30_000)))
		return err
	})
	err := f.Deliver(t.Context(), deliveryAt(t, 1, 3))
	if err == nil || strings.ContainsAny(err.Error(), "\x1b\x07") || len(err.Error()) > 600 || !strings.Contains(err.Error(), `diffie-\u001b]0;PWNED\u0007`) {
		t.Errorf("%d bytes: %.700q", len(err.Error()), err)
	}
}

func TestWordsOfServersHaveAtMost200Bytes(t *testing.T) {
	for _, text := range []string{strings.Repeat("x", 300_000), strings.Repeat("\x1b", 200), strings.Repeat("ğ", 150), strings.Repeat("\U0001F600", 99), "short", strings.Repeat("y", 200)} {
		if got := serverWords(text); len(got) > maxServerWords || strings.ContainsRune(got, '\x1b') || strings.Contains(got, "\uFFFD\uFFFD") {
			t.Errorf("%d bytes: %q", len(got), got)
		}
	}
	if got := serverWords(strings.Repeat("y", 200)); got != strings.Repeat("y", 200) {
		t.Errorf("200 bytes are cut: %q", got)
	}
}

// Packets are found however the stream is cut.
func TestPacketsAreCountedHoweverTheStreamIsCut(t *testing.T) {
	var stream []byte
	for n := range 20 {
		stream = append(binary.BigEndian.AppendUint32(stream, uint32(n)), make([]byte, n)...)
	}
	for size := 1; size < len(stream); size++ {
		var p packets
		begun, ended := 0, 0
		for from := 0; from < len(stream); from += size {
			b, e := p.scan(stream[from:min(from+size, len(stream))])
			begun, ended = begun+b, ended+e
		}
		if begun != 20 || ended != 20 {
			t.Fatalf("in pieces of %d bytes: %d begin and %d end", size, begun, ended)
		}
	}
}
