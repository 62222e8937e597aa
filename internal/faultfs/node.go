package faultfs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// fileID is a file or folder, whatever its name.
type fileID struct{ inode, generation uint64 }

// node is a file or folder of a disk.
type node struct {
	fs.LoopbackNode
	disk *Disk
}

var _ = (interface {
	fs.NodeCreater
	fs.NodeOpener
	fs.NodeOpendirHandler
	fs.NodeWriter
	fs.NodeSetattrer
	fs.NodeFsyncer
	fs.NodeAllocater
	fs.NodeMkdirer
	fs.NodeRenamer
	fs.NodeUnlinker
	fs.NodeRmdirer
	fs.NodeSymlinker
	fs.NodeLinker
	fs.NodeMknoder
	fs.NodeTmpfiler
	fs.NodeCopyFileRanger
	fs.NodeWrapChilder
})((*node)(nil))

func newRoot(d *Disk) (fs.InodeEmbedder, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(d.Behind, &st); err != nil {
		return nil, err
	}
	data := &fs.LoopbackRoot{Path: d.Behind, Dev: st.Dev}
	root := &node{LoopbackNode: fs.LoopbackNode{RootData: data}, disk: d}
	data.RootNode = root
	return root, nil
}

// WrapChild implements [fs.NodeWrapChilder].
func (n *node) WrapChild(context.Context, fs.InodeEmbedder) fs.InodeEmbedder {
	return &node{LoopbackNode: fs.LoopbackNode{RootData: n.RootData}, disk: n.disk}
}

// path is where the node is, within the disk.
func (n *node) path() string {
	if _, parent := n.Parent(); parent == nil && !n.IsRoot() {
		return "(removed)"
	}
	return n.Path(n.Root())
}

func (n *node) child(name string) string { return filepath.Join(n.path(), name) }

func (n *node) id() fileID {
	if n.IsRoot() {
		return fileID{}
	}
	return idOf(n.EmbeddedInode())
}

func idOf(i *fs.Inode) fileID {
	a := i.StableAttr()
	return fileID{a.Ino, a.Gen}
}

// changeNames asks about a change of names, does it and writes it down.
func (n *node) changeNames(call Call, path string, do func() syscall.Errno, change func() []nameEntry) syscall.Errno {
	if f := n.disk.ask(call, path); f.Err != 0 {
		return f.Err
	}
	return n.disk.journal.Load().names(do, change)
}

// Create implements [fs.NodeCreater].
func (n *node) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (inode *fs.Inode, fh fs.FileHandle, fuseFlags uint32, errno syscall.Errno) {
	path := n.child(name)
	errno = n.changeNames(Create, path, func() syscall.Errno {
		inode, fh, fuseFlags, errno = n.LoopbackNode.Create(ctx, name, flags, mode, out)
		fh = seen(fh)
		return errno
	}, func() []nameEntry { return n.entry(name, inode, file{kind: regular}) })
	return inode, fh, fuseFlags, errno
}

// entry is the name of a new file of the folder; none for memory.
func (n *node) entry(name string, inode *fs.Inode, of file) []nameEntry {
	if isMemory(name) {
		return nil
	}
	return []nameEntry{{folder: n.id(), name: name, file: idOf(inode), as: of}}
}

// Open implements [fs.NodeOpener].
func (n *node) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	if f := n.disk.ask(Open, n.path()); f.Err != 0 {
		return nil, 0, f.Err
	}
	h, fuseFlags, errno := n.LoopbackNode.Open(ctx, flags)
	return seen(h), fuseFlags, errno
}

// handle is an open file whose reads and writes this file system sees: the kernel is not
// given its descriptor, to which it would pass them on.
type handle struct{ *fs.LoopbackFile }

// PassthroughFd implements [fs.FilePassthroughFder].
func (h *handle) PassthroughFd() (int, bool) { return 0, false }

func seen(h fs.FileHandle) fs.FileHandle {
	if f, ok := h.(*fs.LoopbackFile); ok {
		return &handle{f}
	}
	return h
}

// folderHandle is an open folder whose syncs this file system sees.
type folderHandle struct {
	fs.FileReaddirenter
	fs.FileSeekdirer
	fs.FileReleasedirer
}

// OpendirHandle implements [fs.NodeOpendirHandler].
func (n *node) OpendirHandle(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	h, fuseFlags, errno := n.LoopbackNode.OpendirHandle(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	return &folderHandle{h.(fs.FileReaddirenter), h.(fs.FileSeekdirer), h.(fs.FileReleasedirer)}, fuseFlags, 0
}

// opened opens the file of a handle once more, to read and write, also when it has no name.
func opened(h fs.FileHandle) (*os.File, error) {
	p, ok := h.(*handle)
	if !ok {
		return nil, syscall.EBADF
	}
	fd, ok := p.LoopbackFile.PassthroughFd()
	if !ok {
		return nil, syscall.EBADF
	}
	return os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", fd), os.O_RDWR, 0)
}

// Write implements [fs.NodeWriter].
func (n *node) Write(ctx context.Context, h fs.FileHandle, data []byte, at int64) (uint32, syscall.Errno) {
	path, id := n.path(), n.id()
	w, ok := h.(fs.FileWriter)
	if !ok {
		return 0, syscall.EBADF
	}
	if isMemory(path) {
		return w.Write(ctx, data, at)
	}
	f := n.disk.ask(Write, path)
	if f.Half {
		data = data[:len(data)/2]
	} else if f.Err != 0 {
		return 0, f.Err
	}
	if err := n.disk.unsynced.keep(id, h, at, len(data)); err != nil {
		return 0, fs.ToErrno(err)
	}
	written, errno := n.disk.journal.Load().write(id, data, at, func() (uint32, syscall.Errno) { return w.Write(ctx, data, at) })
	if f.Err != 0 {
		return 0, f.Err
	}
	return written, errno
}

// Setattr implements [fs.NodeSetattrer].
func (n *node) Setattr(ctx context.Context, h fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	path := n.path()
	size, truncates := in.GetSize()
	call := Mode
	if truncates {
		call = Truncate
	}
	if f := n.disk.ask(call, path); f.Err != 0 {
		return f.Err
	}
	do := func() syscall.Errno { return n.LoopbackNode.Setattr(ctx, h, in, out) }
	if !truncates || isMemory(path) {
		return do()
	}
	return n.disk.journal.Load().truncate(n.id(), int64(size), do)
}

// Fsync implements [fs.NodeFsyncer], for files and folders. The disk behind is not
// synced: what a sync keeps is a matter of the journal.
func (n *node) Fsync(_ context.Context, h fs.FileHandle, _ uint32) syscall.Errno {
	id, journal := n.id(), n.disk.journal.Load()
	entered := journal.begin()
	f := n.disk.ask(Sync, n.path())
	if f.Err == 0 {
		n.disk.unsynced.synced(id)
		journal.sync(id, entered)
		return 0
	}
	if f.Lose {
		if err := n.disk.unsynced.lose(id, h); err != nil {
			return fs.ToErrno(err)
		}
	}
	return f.Err
}

// Allocate implements [fs.NodeAllocater]: there is no such call, so that programs write.
func (n *node) Allocate(context.Context, fs.FileHandle, uint64, uint64, uint32) syscall.Errno {
	return syscall.EOPNOTSUPP
}

// Tmpfile implements [fs.NodeTmpfiler]: a file has a name.
func (n *node) Tmpfile(context.Context, uint32, uint32, *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	return nil, nil, 0, syscall.EOPNOTSUPP
}

// CopyFileRange implements [fs.NodeCopyFileRanger]: there is no such call.
func (n *node) CopyFileRange(context.Context, fs.FileHandle, uint64, *fs.Inode, fs.FileHandle, uint64, uint64, uint64) (uint32, syscall.Errno) {
	return 0, syscall.EOPNOTSUPP
}

// Mknod implements [fs.NodeMknoder]: there are files, folders and links.
func (n *node) Mknod(context.Context, string, uint32, uint32, *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return nil, syscall.EPERM
}

// Mkdir implements [fs.NodeMkdirer].
func (n *node) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (inode *fs.Inode, errno syscall.Errno) {
	errno = n.changeNames(Mkdir, n.child(name), func() syscall.Errno {
		inode, errno = n.LoopbackNode.Mkdir(ctx, name, mode, out)
		return errno
	}, func() []nameEntry { return n.entry(name, inode, file{kind: folder}) })
	return inode, errno
}

// Symlink implements [fs.NodeSymlinker].
func (n *node) Symlink(ctx context.Context, target, name string, out *fuse.EntryOut) (inode *fs.Inode, errno syscall.Errno) {
	errno = n.changeNames(Link, n.child(name), func() syscall.Errno {
		inode, errno = n.LoopbackNode.Symlink(ctx, target, name, out)
		return errno
	}, func() []nameEntry { return n.entry(name, inode, file{kind: link, target: target}) })
	return inode, errno
}

// Link implements [fs.NodeLinker].
func (n *node) Link(ctx context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (inode *fs.Inode, errno syscall.Errno) {
	errno = n.changeNames(Link, n.child(name), func() syscall.Errno {
		inode, errno = n.LoopbackNode.Link(ctx, target, name, out)
		return errno
	}, func() []nameEntry { return n.entry(name, inode, file{kind: regular}) })
	return inode, errno
}

// Unlink implements [fs.NodeUnlinker].
func (n *node) Unlink(ctx context.Context, name string) syscall.Errno {
	return n.changeNames(Remove, n.child(name), func() syscall.Errno { return n.LoopbackNode.Unlink(ctx, name) },
		func() []nameEntry { return n.gone(name) })
}

// Rmdir implements [fs.NodeRmdirer].
func (n *node) Rmdir(ctx context.Context, name string) syscall.Errno {
	return n.changeNames(Remove, n.child(name), func() syscall.Errno { return n.LoopbackNode.Rmdir(ctx, name) },
		func() []nameEntry { return n.gone(name) })
}

func (n *node) gone(name string) []nameEntry {
	if isMemory(name) {
		return nil
	}
	return []nameEntry{{folder: n.id(), name: name}}
}

// renameExchange is a flag of renameat2.
const renameExchange = 1 << 1

// Rename implements [fs.NodeRenamer].
func (n *node) Rename(ctx context.Context, name string, parent fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	to, ok := parent.(*node)
	if !ok {
		return syscall.EXDEV
	}
	moved, replaced := n.GetChild(name), to.GetChild(newName)
	return n.changeNames(Rename, to.child(newName), func() syscall.Errno {
		return n.LoopbackNode.Rename(ctx, name, to, newName, flags)
	}, func() []nameEntry {
		old := nameEntry{folder: n.id(), name: name}
		if flags&renameExchange != 0 && replaced != nil {
			old.file = idOf(replaced)
		}
		return []nameEntry{old, {folder: to.id(), name: newName, file: idOf(moved)}}
	})
}
