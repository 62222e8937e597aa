package sftp

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"winnow/segments/destination"
)

// openSSH starts OpenSSH's own server, which is what most of the field runs, as
// the user of the test, and is a folder on it. The options are those of its SFTP
// server.
func openSSH(t testing.TB, options ...string) (Folder, string) {
	t.Helper()
	sshd, err := exec.LookPath("/usr/sbin/sshd")
	if err != nil {
		t.Skip("there is no sshd here")
	}
	me, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"host", "client"} {
		out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, name)).CombinedOutput()
		if err != nil {
			t.Skipf("ssh-keygen: %v %s", err, out)
		}
	}
	public, err := os.ReadFile(filepath.Join(dir, "host.pub"))
	if err != nil {
		t.Fatal(err)
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(public)
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	config := filepath.Join(dir, "config")
	text := fmt.Sprintf("Port %d\nListenAddress 127.0.0.1\nHostKey %s/host\nAuthorizedKeysFile %s/client.pub\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\nMaxStartups 1000\nSubsystem sftp internal-sftp %s\n", port, dir, dir, strings.Join(options, " "))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		_ = os.MkdirAll("/run/sshd", 0o755) // where root's sshd goes before a login
	}
	var said strings.Builder
	server := exec.Command(sshd, "-D", "-e", "-f", config)
	server.Stderr = &said
	if err := server.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	to := Folder{User: me.Username, Host: "127.0.0.1", Port: port, Path: filepath.Join(dir, "in"), KeyFile: filepath.Join(dir, "client"), HostKey: ssh.FingerprintSHA256(key)}
	awaitPort(t, to.address())
	return to, filepath.Join(dir, "in", "nightly")
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func awaitPort(t testing.TB, address string) {
	t.Helper()
	for until := time.Now().Add(5 * time.Second); time.Now().Before(until); {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Skip("sshd does not listen")
}

func TestOpenSSHGetsRunsReplacesAndPrunesThem(t *testing.T) {
	to, folder := openSSH(t)
	deliver(t, to, deliveryAt(t, 1, 3))
	deliver(t, to, deliveryAt(t, 2, 40_000))
	again := deliveryAt(t, 2, 5)
	deliver(t, to, again)
	deliver(t, to, again)
	wantRun(t, filepath.Join(folder, "latest"), 2, 5)
	third := deliveryAt(t, 3, 7)
	third.Keep = 2
	deliver(t, to, third)
	wantRun(t, filepath.Join(folder, "latest"), 3, 7)
	if got, want := namesIn(t, folder), strings.Join([]string{runAt(2), runAt(3), "latest"}, " "); got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
}

func TestOpenSSHsRefusalsAreTold(t *testing.T) {
	to, folder := openSSH(t)
	if err := os.MkdirAll(filepath.Join(folder, "latest"), 0o755); err != nil {
		t.Fatal(err)
	}
	mustFail(t, to, deliveryAt(t, 1, 3), "latest: it exists and is not a link")
	to.Path = "/proc/nothing/can/be/made/here"
	mustFail(t, to, deliveryAt(t, 1, 3), "/proc/nothing")
	to.User = "nobody-of-that-name"
	mustFail(t, to, deliveryAt(t, 1, 3), "does not let nobody-of-that-name in")
}

func TestOpenSSHThatLetsNothingBeRemovedGetsEveryRun(t *testing.T) {
	to, folder := openSSH(t, "-P", "remove,rmdir,read")
	for minute := 1; minute <= 4; minute++ {
		d := deliveryAt(t, minute, contacts(minute))
		d.Keep = 1
		deliver(t, to, d)
		wantRun(t, filepath.Join(folder, destination.Latest), minute, int64(minute))
	}
	if got, want := namesIn(t, folder), strings.Join([]string{runAt(1), runAt(2), runAt(3), runAt(4), destination.Latest}, " "); got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
}

func TestOpenSSHThatRenamesNothingKeepsNoEmptyRun(t *testing.T) {
	to, folder := openSSH(t, "-P", "rename")
	mustFail(t, to, deliveryAt(t, 1, 3), "does not allow it")
	if got := namesIn(t, folder); got != "" {
		t.Errorf("the folder holds %s", got)
	}
}

// cutting is a proxy of the server that cuts one line of three in the middle of an
// upload.
func cutting(t testing.TB, to Folder) Folder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var lines sync.WaitGroup
	t.Cleanup(func() { l.Close(); lines.Wait() })
	address := to.address()
	lines.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", address)
			if err != nil {
				from.Close()
				continue
			}
			const login = 6000 // its bytes; a server may lock out logins that are cut off
			limit := int64(math.MaxInt64)
			if rand.IntN(3) == 0 {
				limit = login + rand.Int64N(60_000)
			}
			end := func() { from.Close(); server.Close() }
			lines.Go(func() { _, _ = io.CopyN(server, from, limit); end() })
			lines.Go(func() { _, _ = io.Copy(from, server); end() })
		}
	})
	to.Port = l.Addr().(*net.TCPAddr).Port
	return to
}

func TestManyDeliveriesToOneFolderOfOpenSSHShowWholeRuns(t *testing.T) {
	t.Parallel()
	server, _ := openSSH(t)
	all := manyDeliveries(t)
	for round := range 2 {
		to := cutting(t, server)
		to.Path += strconv.Itoa(round)
		folder := filepath.Join(to.Path, "nightly")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		alias := to
		alias.Path += "-alias"
		if err := os.Symlink(to.Path, alias.Path); err != nil {
			t.Fatal(err)
		}
		stop := watch(t, folder, destination.Latest, runAt(1), runAt(2), runAt(3))
		deliverAll(t, folder, all, to, alias)
		stop()
	}
}
