package pagedata

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// A snapshot must not be held as long as a client likes: what is made is complete although
// the client takes nothing yet.
func TestASlowClientDoesNotHoldUpTheMaking(t *testing.T) {
	made := make(chan struct{})
	text := strings.Repeat("0123456789", 100_000)
	client, server := io.Pipe()
	ended := make(chan error)
	go func() {
		err := spooled(t.Context(), t.TempDir(), server, func(_ context.Context, spool io.Writer) error {
			defer close(made)
			for part := range strings.SplitSeq(text, "9") {
				if _, err := io.WriteString(spool, part+"9"); err != nil {
					return err
				}
			}
			return nil
		})
		ended <- errors.Join(err, server.Close())
	}()
	<-made // while nothing was read
	got, err := io.ReadAll(client)
	if err := errors.Join(err, <-ended); err != nil || string(got) != text+"9" {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestWhatCanNotBeMadeIsAnErrorOfTheDownload(t *testing.T) {
	broken := errors.New("the list is broken")
	var got bytes.Buffer
	err := spooled(t.Context(), t.TempDir(), &got, func(_ context.Context, spool io.Writer) error {
		_, _ = io.WriteString(spool, "half")
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
}

func TestAClientThatIsGoneEndsTheMaking(t *testing.T) {
	client, server := io.Pipe()
	client.Close()
	err := spooled(t.Context(), t.TempDir(), server, func(ctx context.Context, spool io.Writer) error {
		_, _ = io.WriteString(spool, "a part")
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the error is %v", err)
	}
}
