package atomicfile

import (
	"context"
	"io"
	"os"

	"winnow/internal/ui"
)

// OpenInput opens the file that an argument names; "-" is stdin, which Close leaves
// open. No signal interrupts a read from a terminal or an idle pipe, so when ctx
// ends, reading stdin returns [ui.ErrInterrupted].
func OpenInput(ctx context.Context, stdin io.Reader, name string) (io.ReadCloser, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err // not a nil *os.File in an interface
		}
		return f, nil
	}
	if regularFile(stdin) != nil {
		return leftOpen{stdin}, nil
	}
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { w.CloseWithError(ui.ErrInterrupted) })
	go func() {
		_, err := io.Copy(w, stdin)
		w.CloseWithError(err)
	}()
	return r, nil
}

// leftOpen is an input that stays open after its reader closes it.
type leftOpen struct{ io.Reader }

// Close leaves the stream open.
func (leftOpen) Close() error { return nil }

// Underlying returns the stream, to find out which file it is.
func (s leftOpen) Underlying() any { return s.Reader }
