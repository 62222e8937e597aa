package sftptest

import (
	"encoding/binary"
	"io"
	"io/fs"
	"net"
	"sync/atomic"
	"time"
)

// Option makes a server another one than it would be.
type Option func(*faults)

type faults struct {
	kinds                                              []string
	only, home                                         string
	refuse                                             int
	cutAfter, fullAfter, forget                        int64 // 0 for never
	cutAt, hangAt, cutOften                            int
	noSymlinks, noFolderRenames, noPosixRename, noSFTP bool
	endless, hoard                                     bool
	noRemovals, noRenames, noReads, noMoreFiles, plain bool
	deny                                               string
	strangers                                          []string
	watch                                              func(n int, operation string)
}

// HostKeys gives the server a key of each kind: ed25519, ecdsa, rsa.
func HostKeys(kinds ...string) Option { return func(f *faults) { f.kinds = kinds } }

// Home is the folder that a login begins in, / otherwise.
func Home(path string) Option { return func(f *faults) { f.home = path } }

// Only leaves one way to log in: "key", "password" or "questions", which is
// keyboard-interactive.
func Only(way string) Option { return func(f *faults) { f.only = way } }

// RefuseFirst closes the first n connections at once.
func RefuseFirst(n int) Option { return func(f *faults) { f.refuse = n } }

// NoSFTP lets people log in and offers them no SFTP.
func NoSFTP() Option { return func(f *faults) { f.noSFTP = true } }

// CutAfter cuts the line, once, when it has brought n bytes to the server.
func CutAfter(n int64) Option { return func(f *faults) { f.cutAfter = n } }

// CutAt cuts the line, once, before the n-th operation is done; the first is 1.
func CutAt(n int) Option { return func(f *faults) { f.cutAt = n } }

// CutOften cuts a line before an operation is done, of so many operations one, by
// chance.
func CutOften(oneIn int) Option { return func(f *faults) { f.cutOften = oneIn } }

// HangAt leaves the n-th operation, and all that follow, without an answer.
func HangAt(n int) Option { return func(f *faults) { f.hangAt = n } }

// NoSymlinks is a server that knows no symlinks, as gateways to S3 are.
func NoSymlinks() Option { return func(f *faults) { f.noSymlinks = true } }

// NoFolderRenames is a server that renames files only, as gateways to S3 do.
func NoFolderRenames() Option { return func(f *faults) { f.noFolderRenames = true } }

// NoPosixRename is a server without posix-rename@openssh.com.
func NoPosixRename() Option { return func(f *faults) { f.noPosixRename = true } }

// Plain is a server that knows no extension of the protocol.
func Plain() Option { return func(f *faults) { f.plain = true } }

// NoMoreFiles is a disk with no room for one more symlink, as one is whose table
// of files is full; files and folders still find room.
func NoMoreFiles() Option { return func(f *faults) { f.noMoreFiles = true } }

// NoRemovals lets nobody remove anything, as internal-sftp -P remove,rmdir does.
func NoRemovals() Option { return func(f *faults) { f.noRemovals = true } }

// NoRenames lets nobody rename anything, but for posix-rename@openssh.com, as
// internal-sftp -P rename does.
func NoRenames() Option { return func(f *faults) { f.noRenames = true } }

// NoReads lets nobody read what was uploaded, as internal-sftp -P read does.
func NoReads() Option { return func(f *faults) { f.noReads = true } }

// FullAfter is a disk that takes n bytes.
func FullAfter(n int64) Option { return func(f *faults) { f.fullAfter = n } }

// Forget says yes to all that is written and forgets what lies behind the n-th
// byte of each file.
func Forget(n int64) Option { return func(f *faults) { f.forget = n } }

// Deny lets nobody change what lies in the folder, or beneath.
func Deny(path string) Option { return func(f *faults) { f.deny = path } }

// Hoard lets nobody take away or rename what bears the name of a run.
func Hoard() Option { return func(f *faults) { f.hoard = true } }

// Strangers are names that each listing has besides what is there.
func Strangers(names ...string) Option { return func(f *faults) { f.strangers = names } }

// EndlessListings never come to the end of a listing.
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
	if limit := l.server.now().cutAfter; l.read.Add(int64(n)) > limit && limit > 0 && l.server.cutOnce() {
		l.Close()
		return 0, net.ErrClosed
	}
	return n, err
}

// plainChannel takes the extensions out of the first packet that a server sends,
// which names them.
type plainChannel struct {
	io.ReadWriteCloser
	first []byte
	done  bool
}

// Write implements [io.Writer].
func (c *plainChannel) Write(b []byte) (int, error) {
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

// cutOnce is true the first time.
func (s *Server) cutOnce() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.cut
	s.cut = true
	return first
}

// stranger is an entry of a listing that is not there.
type stranger string

func (s stranger) Name() string       { return string(s) }
func (s stranger) Size() int64        { return 1 }
func (s stranger) Mode() fs.FileMode  { return fs.ModeDir | 0o755 }
func (s stranger) ModTime() time.Time { return time.Unix(0, 0) }
func (s stranger) IsDir() bool        { return true }
func (s stranger) Sys() any           { return nil }
