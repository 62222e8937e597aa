package sftptest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path"
	"strings"

	"github.com/pkg/sftp"
)

// handler does what one connection asks for.
type handler struct {
	server *Server
	line   *line
}

// operation records what is requested, and applies the faults that are due.
func (h *handler) operation(verb string, paths ...string) error {
	s := h.server
	text := strings.Join(append([]string{verb}, paths...), " ")
	s.mu.Lock()
	s.operations = append(s.operations, text)
	n, f := len(s.operations), s.faults
	s.mu.Unlock()
	if f.watch != nil {
		f.watch(n, text)
	}
	if f.hangAt > 0 && n >= f.hangAt {
		<-s.closed
		return net.ErrClosed
	}
	if f.cutOften > 0 && rand.IntN(f.cutOften) == 0 {
		h.line.Close()
		return net.ErrClosed
	}
	if f.cutAt > 0 && n >= f.cutAt && s.cutOnce() {
		h.line.Close()
		return net.ErrClosed
	}
	return nil
}

// change records what is requested, which is to change something at the paths.
func (h *handler) change(verb string, paths ...string) error {
	if err := h.operation(verb, paths...); err != nil {
		return err
	}
	f := h.server.currentFaults()
	for _, p := range paths {
		if f.deny != "" && strings.HasPrefix(p+"/", f.deny+"/") {
			return os.ErrPermission
		}
	}
	if f.noRemovals && (verb == "remove" || verb == "rmdir") || f.noRenames && verb == "rename" {
		return os.ErrPermission
	}
	if f.keepRuns && (verb == "rename" || verb == "remove" || verb == "rmdir") && strings.HasPrefix(path.Base(paths[0]), "2") {
		return os.ErrPermission
	}
	return nil
}

// beneath is the path in the server's folder.
func beneath(p string) string {
	if p = strings.TrimPrefix(path.Clean(p), "/"); p == "" {
		return "."
	}
	return p
}

// status is an error as OpenSSH reports it: three codes, and failure for the rest.
func status(err error) error {
	switch {
	case err == nil, errors.Is(err, net.ErrClosed):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return sftp.ErrSSHFxNoSuchFile
	case errors.Is(err, fs.ErrPermission):
		return sftp.ErrSSHFxPermissionDenied
	case errors.Is(err, sftp.ErrSSHFxOpUnsupported):
		return sftp.ErrSSHFxOpUnsupported
	}
	return sftp.ErrSSHFxFailure
}

// Fileread implements [sftp.FileReader].
func (h *handler) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	if err := h.operation("read", r.Filepath); err != nil {
		return nil, err
	}
	if h.server.currentFaults().noReads {
		return nil, status(os.ErrPermission)
	}
	f, err := h.server.root.Open(beneath(r.Filepath))
	return f, status(err)
}

// Filewrite implements [sftp.FileWriter].
func (h *handler) Filewrite(r *sftp.Request) (io.WriterAt, error) {
	if err := h.change("write", r.Filepath); err != nil {
		return nil, status(err)
	}
	flags := os.O_WRONLY
	asked := r.Pflags()
	for flag, wanted := range map[int]bool{os.O_CREATE: asked.Creat, os.O_TRUNC: asked.Trunc, os.O_EXCL: asked.Excl} {
		if wanted {
			flags |= flag
		}
	}
	f, err := h.server.root.OpenFile(beneath(r.Filepath), flags, 0o644)
	if err != nil {
		return nil, status(err)
	}
	return &upload{handler: h, file: f, path: r.Filepath}, nil
}

// upload is a file that is being written.
type upload struct {
	handler *handler
	file    *os.File
	path    string
}

// WriteAt implements [io.WriterAt].
func (u *upload) WriteAt(b []byte, off int64) (int, error) {
	s := u.handler.server
	s.mu.Lock()
	s.written += int64(len(b))
	full := s.faults.fullAfter > 0 && s.written > s.faults.fullAfter
	loseAfter := s.faults.loseAfter
	s.mu.Unlock()
	if full {
		return 0, sftp.ErrSSHFxFailure
	}
	if n := len(b); loseAfter > 0 && off+int64(n) > loseAfter {
		_, err := u.file.WriteAt(b[:max(0, loseAfter-off)], off)
		return n, err
	}
	return u.file.WriteAt(b, off)
}

// Close implements [io.Closer].
func (u *upload) Close() error {
	defer u.file.Close()
	return u.handler.operation("close", u.path)
}

// Filecmd implements [sftp.FileCmder].
func (h *handler) Filecmd(r *sftp.Request) error {
	root, at := h.server.root, beneath(r.Filepath)
	switch r.Method {
	case "Mkdir":
		return h.do("mkdir", func() error { return root.Mkdir(at, 0o755) }, r.Filepath)
	case "Rmdir", "Remove":
		return h.do(strings.ToLower(r.Method), func() error { return h.remove(at, r.Method == "Rmdir") }, r.Filepath)
	case "Rename":
		return h.do("rename", func() error { return h.rename(r, false) }, r.Filepath, r.Target)
	case "Symlink":
		return h.do("symlink", func() error { return h.symlink(r) }, r.Filepath, r.Target)
	}
	return h.do(strings.ToLower(r.Method), func() error { return sftp.ErrSSHFxOpUnsupported }, r.Filepath)
}

// PosixRename implements [sftp.PosixRenameFileCmder].
func (h *handler) PosixRename(r *sftp.Request) error {
	return h.do("posix-rename", func() error { return h.rename(r, true) }, r.Filepath, r.Target)
}

func (h *handler) do(verb string, act func() error, paths ...string) error {
	if err := h.change(verb, paths...); err != nil {
		return status(err)
	}
	return status(act())
}

func (h *handler) remove(at string, folder bool) error {
	info, err := h.server.root.Lstat(at)
	if err == nil && info.IsDir() != folder {
		err = sftp.ErrSSHFxFailure
	}
	if err != nil {
		return err
	}
	return h.server.root.Remove(at)
}

func (h *handler) rename(r *sftp.Request, replace bool) error {
	root, f := h.server.root, h.server.currentFaults()
	info, err := root.Lstat(beneath(r.Filepath))
	switch {
	case err != nil:
		return err
	case replace && f.noPosixRename, info.IsDir() && f.noFolderRenames:
		return sftp.ErrSSHFxOpUnsupported
	}
	if _, err := root.Lstat(beneath(r.Target)); err == nil && !replace {
		return fmt.Errorf("%s: %w", r.Target, fs.ErrExist)
	}
	return root.Rename(beneath(r.Filepath), beneath(r.Target))
}

func (h *handler) symlink(r *sftp.Request) error {
	if h.server.currentFaults().noSymlinks {
		return sftp.ErrSSHFxOpUnsupported
	}
	if h.server.currentFaults().noMoreFiles {
		return sftp.ErrSSHFxFailure
	}
	return h.server.root.Symlink(r.Filepath, beneath(r.Target))
}

// StatVFS implements [sftp.StatVFSFileCmder].
func (h *handler) StatVFS(r *sftp.Request) (*sftp.StatVFS, error) {
	const block, free = 4096, 1 << 20
	v := &sftp.StatVFS{Bsize: block, Frsize: block, Blocks: free, Bfree: free, Bavail: free, Files: free, Ffree: free, Favail: free, Namemax: 255}
	h.server.mu.Lock()
	defer h.server.mu.Unlock()
	if f := h.server.faults; f.fullAfter > 0 {
		left := max(0, f.fullAfter-h.server.written)
		v.Bfree, v.Bavail = uint64(left/block), uint64(left/block)
	}
	if h.server.faults.noMoreFiles {
		v.Ffree, v.Favail = 0, 0
	}
	return v, nil
}

// Readlink implements [sftp.ReadlinkFileLister].
func (h *handler) Readlink(p string) (string, error) {
	if err := h.operation("readlink", p); err != nil {
		return "", err
	}
	if h.server.currentFaults().noSymlinks {
		return "", sftp.ErrSSHFxOpUnsupported
	}
	to, err := h.server.root.Readlink(beneath(p))
	return to, status(err)
}

// Lstat implements [sftp.LstatFileLister].
func (h *handler) Lstat(r *sftp.Request) (sftp.ListerAt, error) {
	if err := h.operation("lstat", r.Filepath); err != nil {
		return nil, err
	}
	info, err := h.server.root.Lstat(beneath(r.Filepath))
	return listing{entries: []fs.FileInfo{info}}, status(err)
}

// Filelist implements [sftp.FileLister].
func (h *handler) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	if err := h.operation(strings.ToLower(r.Method), r.Filepath); err != nil {
		return nil, err
	}
	if r.Method == "List" {
		return h.list(r.Filepath)
	}
	info, err := h.server.root.Stat(beneath(r.Filepath))
	return listing{entries: []fs.FileInfo{info}}, status(err)
}

func (h *handler) list(p string) (sftp.ListerAt, error) {
	folder, err := h.server.root.Open(beneath(p))
	if err != nil {
		return nil, status(err)
	}
	defer folder.Close()
	entries, err := folder.Readdir(-1)
	f := h.server.currentFaults()
	for _, name := range f.extraEntries {
		entries = append(entries, extraEntry(name))
	}
	return listing{entries, f.endless}, status(err)
}

// listing is the entries of a folder, or one entry.
type listing struct {
	entries []fs.FileInfo
	endless bool
}

// ListAt implements [sftp.ListerAt].
func (l listing) ListAt(to []fs.FileInfo, off int64) (int, error) {
	if off >= int64(len(l.entries)) && l.endless {
		for i := range to {
			to[i] = extraEntry(fmt.Sprintf("extra-%d", off+int64(i)))
		}
		return len(to), nil
	}
	if off >= int64(len(l.entries)) {
		return 0, io.EOF
	}
	n := copy(to, l.entries[off:])
	if n < len(to) && !l.endless {
		return n, io.EOF
	}
	return n, nil
}
