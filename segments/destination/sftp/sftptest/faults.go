package sftptest

import (
	"encoding/binary"
	"io"
	"io/fs"
	"net"
	"sync/atomic"
	"time"
)

// Option changes what a server does.
type Option func(*faults)

type faults struct {
	kinds                                                     []string
	only, home                                                string
	refuse                                                    int
	cutAfter, fullAfter, loseAfter                            int64 // 0 for never
	cutAt, hangAt, cutOften, chatter                          int
	chatterPause                                              time.Duration
	noSymlinks, noFolderRenames, noPosixRename, noSFTP        bool
	endless, keepRuns                                         bool
	noRemovals, noRenames, noReads, noMoreFiles, noExtensions bool
	deny                                                      string
	extraEntries                                              []string
	watch                                                     func(n int, operation string)
}

// HostKeys gives the server a key of each kind: ed25519, ecdsa, rsa.
func HostKeys(kinds ...string) Option { return func(f *faults) { f.kinds = kinds } }

// Home is the folder that a login begins in; without it that is /.
func Home(path string) Option { return func(f *faults) { f.home = path } }

// OnlyLogin leaves one way to log in: "key", "password" or "questions", which is
// keyboard-interactive.
func OnlyLogin(way string) Option { return func(f *faults) { f.only = way } }

// RefuseFirst closes the first n connections immediately.
func RefuseFirst(n int) Option { return func(f *faults) { f.refuse = n } }

// NoSFTP accepts logins and offers them no SFTP.
func NoSFTP() Option { return func(f *faults) { f.noSFTP = true } }

// CutAfter cuts the line, once, after n bytes have reached the server.
func CutAfter(n int64) Option { return func(f *faults) { f.cutAfter = n } }

// CutAt cuts the line, once, before the n-th operation is done; the first is 1.
func CutAt(n int) Option { return func(f *faults) { f.cutAt = n } }

// CutOften cuts a line at random, before one operation in that many is done.
func CutOften(oneIn int) Option { return func(f *faults) { f.cutOften = oneIn } }

// HangAt leaves the n-th operation, and all that follow, without an answer.
func HangAt(n int) Option { return func(f *faults) { f.hangAt = n } }

// Chatter sends messages of SSH that nobody asked for, each with that many bytes and
// after that pause, as long as the connection lasts. They ask for an answer, as
// keepalives do.
func Chatter(bytes int, pause time.Duration) Option {
	return func(f *faults) { f.chatter, f.chatterPause = bytes, pause }
}

// NoSymlinks is a server without symlinks, such as a gateway to S3.
func NoSymlinks() Option { return func(f *faults) { f.noSymlinks = true } }

// NoFolderRenames is a server that renames only files, such as a gateway to S3.
func NoFolderRenames() Option { return func(f *faults) { f.noFolderRenames = true } }

// NoPosixRename is a server without posix-rename@openssh.com.
func NoPosixRename() Option { return func(f *faults) { f.noPosixRename = true } }

// NoExtensions is a server without any extension of the protocol.
func NoExtensions() Option { return func(f *faults) { f.noExtensions = true } }

// NoMoreFiles is a disk without room for another symlink, as when its table of
// files is full; files and folders still find room.
func NoMoreFiles() Option { return func(f *faults) { f.noMoreFiles = true } }

// NoRemovals refuses all removals, as internal-sftp -P remove,rmdir does.
func NoRemovals() Option { return func(f *faults) { f.noRemovals = true } }

// NoRenames refuses all renames but those of posix-rename@openssh.com, as
// internal-sftp -P rename does.
func NoRenames() Option { return func(f *faults) { f.noRenames = true } }

// NoReads refuses to read what was uploaded, as internal-sftp -P read does.
func NoReads() Option { return func(f *faults) { f.noReads = true } }

// FullAfter is a disk with room for n bytes.
func FullAfter(n int64) Option { return func(f *faults) { f.fullAfter = n } }

// LoseAfter accepts everything that is written and loses what comes after the n-th
// byte of each file.
func LoseAfter(n int64) Option { return func(f *faults) { f.loseAfter = n } }

// Deny refuses all changes in the folder and below.
func Deny(path string) Option { return func(f *faults) { f.deny = path } }

// KeepRuns refuses to remove or rename what has the name of a run.
func KeepRuns() Option { return func(f *faults) { f.keepRuns = true } }

// ExtraEntries are names that each listing has besides what is there.
func ExtraEntries(names ...string) Option { return func(f *faults) { f.extraEntries = names } }

// EndlessListings are listings that never end.
func EndlessListings() Option { return func(f *faults) { f.endless = true } }

// OnOperation is called before each operation is done, with its number from 1.
func OnOperation(watch func(n int, operation string)) Option {
	return func(f *faults) { f.watch = watch }
}

// line is a connection that can be cut.
type line struct {
	net.Conn
	server *Server
	read   atomic.Int64
}

// Read implements [net.Conn].
func (l *line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if limit := l.server.currentFaults().cutAfter; l.read.Add(int64(n)) > limit && limit > 0 && l.server.cutOnce() {
		l.Close()
		return 0, net.ErrClosed
	}
	return n, err
}

// bareChannel removes the extensions from the first packet that a server sends,
// which names them.
type bareChannel struct {
	io.ReadWriteCloser
	first []byte
	done  bool
}

// Write implements [io.Writer].
func (c *bareChannel) Write(b []byte) (int, error) {
	if c.done {
		return c.ReadWriteCloser.Write(b)
	}
	c.first = append(c.first, b...)
	const length, version = 4, 5 // of the length, and of the kind of packet with the version
	if len(c.first) < length || len(c.first) < length+int(binary.BigEndian.Uint32(c.first)) {
		return len(b), nil
	}
	c.done = true
	binary.BigEndian.PutUint32(c.first, version)
	_, err := c.ReadWriteCloser.Write(c.first[:length+version])
	return len(b), err
}

// cutOnce returns true the first time.
func (s *Server) cutOnce() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.cut
	s.cut = true
	return first
}

// extraEntry is an entry of a listing that does not exist.
type extraEntry string

func (s extraEntry) Name() string       { return string(s) }
func (s extraEntry) Size() int64        { return 1 }
func (s extraEntry) Mode() fs.FileMode  { return fs.ModeDir | 0o755 }
func (s extraEntry) ModTime() time.Time { return time.Unix(0, 0) }
func (s extraEntry) IsDir() bool        { return true }
func (s extraEntry) Sys() any           { return nil }
