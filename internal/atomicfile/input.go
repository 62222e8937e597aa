package atomicfile

import (
	"context"
	"io"
	"os"

	"winnow/internal/ui"
)

// OpenInput opens the file that an argument names; - is stdin, which is left open.
// A read of a terminal, or of a pipe that nobody writes to, is ended by no signal:
// when ctx ends, its reader gets [ui.ErrInterrupted].
func OpenInput(ctx context.Context, stdin io.Reader, name string) (io.ReadCloser, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		return f, nil
	}
	if Info(stdin) != nil {
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

// leftOpen is a stream that outlives its reader.
type leftOpen struct{ io.Reader }

// Close leaves the stream open.
func (leftOpen) Close() error { return nil }

// Underlying returns the stream.
func (s leftOpen) Underlying() any { return s.Reader }
