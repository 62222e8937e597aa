package sftp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"winnow/segments"
	"winnow/segments/destination"
	"winnow/segments/destination/sftp/sftptest"
)

func TestAFullDiskIsToldAndLeavesNothing(t *testing.T) {
	s := sftptest.Serve(t, sftptest.FullAfter(100_000))
	to, d := folderOn(t, s), deliveryAt(t, 1, 20_000)
	mustFail(t, to, d, "all.csv", "the server's disk is full", "make room there")
	wantNames(t, s)
	s.Heal()
	deliver(t, to, d)
	wantRun(t, inDrop(s, "latest"), 1, 20_000)
}

func TestAServerThatLosesWhatItTookIsFoundOut(t *testing.T) {
	s := sftptest.Serve(t, sftptest.LoseAfter(1000))
	mustFail(t, folderOn(t, s), deliveryAt(t, 1, 2000), "the server has 1000 bytes of it")
	wantNames(t, s)
}

func TestAFolderThatMayNotBeWrittenIsTold(t *testing.T) {
	s := sftptest.Serve(t, sftptest.Deny("/in"))
	mustFail(t, folderOn(t, s), deliveryAt(t, 1, 3), "/in", "does not allow it", "allow winnow to write there")
}

func TestWhatIsInTheWayIsToldAndStays(t *testing.T) {
	for _, name := range []string{"latest", runAt(1)} {
		s := sftptest.Serve(t)
		if err := os.MkdirAll(inDrop(s), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(inDrop(s, name), []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
		mustFail(t, folderOn(t, s), deliveryAt(t, 1, 3), name, "it exists and is not a ", "move what is in the way")
		if b, err := os.ReadFile(inDrop(s, name)); string(b) != "mine" {
			t.Errorf("%s holds %q, %v", name, b, err)
		}
	}
}

func TestASilentServerIsLeft(t *testing.T) {
	defer func(d time.Duration) { stepTimeout = d }(stepTimeout)
	stepTimeout = 100 * time.Millisecond
	s := sftptest.Serve(t, sftptest.HangAt(4))
	mustFail(t, folderOn(t, s), deliveryAt(t, 1, 3), "the server stopped answering")
}

func TestAServerMayTakeItsTimeToWriteAndToRename(t *testing.T) {
	defer func(d time.Duration) { stepTimeout = d }(stepTimeout)
	stepTimeout = 200 * time.Millisecond
	for _, slow := range []string{"close ", "rename "} {
		s := sftptest.Serve(t, sftptest.OnOperation(func(_ int, operation string) {
			if strings.HasPrefix(operation, slow) && strings.Contains(operation, segments.ManifestName) == (slow == "close ") {
				<-time.After(2 * stepTimeout)
			}
		}))
		deliver(t, folderOn(t, s), deliveryAt(t, 1, 3))
	}
}

func TestADeliveryEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	s := sftptest.Serve(t, sftptest.HangAt(4), sftptest.OnOperation(func(n int, _ string) {
		if n == 4 {
			cancel(errors.New("the daemon stops"))
		}
	}))
	to, d := folderOn(t, s), deliveryAt(t, 1, 3)
	if err := to.Deliver(ctx, d); err == nil || !strings.Contains(err.Error(), "stopped: the daemon stops") {
		t.Errorf("the error is %v", err)
	}
	if err := to.Deliver(ctx, d); err == nil || !strings.Contains(err.Error(), "stopped: the daemon stops") {
		t.Errorf("with an ended context the error is %v", err)
	}
}

func TestAHostileListingIsBoundedAndLeadsNowhere(t *testing.T) {
	s := sftptest.Serve(t, sftptest.EndlessListings())
	mustFail(t, folderOn(t, s), deliveryAt(t, 1, 3), "lists more than")
	odd := sftptest.Serve(t, sftptest.ExtraEntries("..", "../..", "/", "a/../..", "x/"+destination.TempPrefix+"draft", runAt(7)+"/../../evil", fmt.Sprintf("%0300d", 7)))
	if err := os.MkdirAll(filepath.Join(odd.Root, "evil"), 0o755); err != nil {
		t.Fatal(err)
	}
	_ = folderOn(t, odd).Deliver(t.Context(), deliveryAt(t, 1, 3))
	for _, o := range odd.Operations() {
		for _, path := range strings.Fields(o)[1:] {
			if verb, _, _ := strings.Cut(o, " "); verb != "symlink" && verb != "stat" && !strings.HasPrefix(path, "/in") {
				t.Errorf("asked for %q", o)
			}
		}
	}
}

// A server that has not shown its key yet may be anybody.
func TestNamesThatAServerOffersAreEscapedAndShortened(t *testing.T) {
	names := []string{"diffie-\x1b]0;title\x07", strings.Repeat("x", 300_000)}
	err := (&connection{}).explainOpening(&ssh.AlgorithmNegotiationError{What: "key exchange", RequestedAlgorithms: names})
	if text := err.Error(); !strings.Contains(text, `the server's are diffie-\u001b]0;title\u0007, xxx`) || len(text) > 400 {
		t.Errorf("%d bytes: %.200q", len(text), text)
	}
}
