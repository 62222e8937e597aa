package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"winnow/internal/atomicfile"
	"winnow/segments/destination"
)

// writeFile writes a new file that only its owner can read, to the disk.
func writeFile(path string, from io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Sync(), f.Close())
}

// CopyTree copies what is in a folder to another one, files of the same size and time
// excepted that an earlier call has copied. What goes away meanwhile is left out, and so
// are drafts. A folder that is missing is empty.
func CopyTree(ctx context.Context, from, to string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if gone(err) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case isDraft(e.Name()) && e.IsDir():
			return fs.SkipDir
		case isDraft(e.Name()):
			return nil
		case e.IsDir():
			return atomicfile.MakePrivateFolder(target)
		case e.Type() == fs.ModeSymlink:
			err = copyLink(path, target)
		case e.Type().IsRegular():
			err = copyFile(path, target)
		}
		if gone(err) {
			return nil
		}
		return err
	})
}

func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// isDraft reports whether something in the outbox is not a run yet, or not any more.
func isDraft(name string) bool { return strings.HasPrefix(name, destination.TempPrefix) }

func copyLink(from, to string) error {
	points, err := os.Readlink(from)
	if err != nil || !isPlainName(points) {
		return err
	}
	if err := os.Remove(to); err != nil && !gone(err) {
		return err
	}
	return os.Symlink(points, to)
}

func copyFile(from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if there, err := os.Lstat(to); err == nil {
		if there.Size() == info.Size() && there.ModTime().Equal(info.ModTime()) {
			return nil
		}
		if err := os.Remove(to); err != nil {
			return err
		}
	}
	if err := writeFile(to, f); err != nil {
		return err
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}

// listTree lists the files of a folder with their sums, the manifest excepted.
func listTree(ctx context.Context, folder string, summed func(int64)) (files []File, err error) {
	err = filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		f := File{Path: filepath.ToSlash(rel)}
		switch {
		case e.IsDir() || f.Path == manifestName:
			return nil
		case e.Type() == fs.ModeSymlink:
			f.Link, err = os.Readlink(path)
		case e.Type().IsRegular():
			f.Bytes, f.SHA256, err = sumFile(ctx, path, summed)
		default:
			err = fmt.Errorf("%s is not a file", path)
		}
		files = append(files, f)
		return err
	})
	return files, err
}

// sumFile reads a file for its size and its sum.
func sumFile(ctx context.Context, path string, summed func(int64)) (size int64, sum string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	digest := sha256.New()
	size, err = io.Copy(digest, &countedReader{ctx: ctx, from: f, count: summed})
	return size, hex.EncodeToString(digest.Sum(nil)), err
}

// countedReader reads until ctx ends, and counts what it read.
type countedReader struct {
	ctx   context.Context
	from  io.Reader
	count func(int64)
}

func (r *countedReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.from.Read(p)
	if r.count != nil {
		r.count(int64(n))
	}
	return n, err
}

// syncTree makes the names in a folder, and in those in it, outlast a power cut.
func syncTree(folder string) error {
	return filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		return atomicfile.SyncFolder(path)
	})
}
