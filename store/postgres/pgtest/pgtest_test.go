package pgtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/jackc/pgx/v5"

	"winnow/store/postgres/pgtest"
)

func TestADatabaseIsNewAndEmpty(t *testing.T) {
	one, two := open(t, pgtest.Database(t)), open(t, pgtest.Database(t))
	for _, conn := range []*pgx.Conn{one, two} {
		do(t, conn, "CREATE TABLE contacts (key text)")
	}
}

func TestWhatIsPreparedIsInEachDatabaseAndMadeOnce(t *testing.T) {
	made := 0
	prepare := func(at string) error {
		made++
		pgtest.Run(t, at, "CREATE TABLE contacts (key text)")
		return nil
	}
	for range 2 {
		do(t, open(t, pgtest.Prepared(t, prepare)), "DROP TABLE contacts")
	}
	if made != 1 {
		t.Errorf("made %d times", made)
	}
}

func TestADatabaseIsGoneAfterItsTest(t *testing.T) {
	var at string
	t.Run("test", func(t *testing.T) {
		at = pgtest.Database(t)
		open(t, at)
	})
	if _, err := pgx.Connect(t.Context(), at); err == nil {
		t.Errorf("%s is still there", at)
	}
}

func TestADatabaseBelongsToAUserWhoIsNotASuperuser(t *testing.T) {
	conn := open(t, pgtest.Database(t))
	var super bool
	if err := conn.QueryRow(t.Context(), "SELECT usesuper FROM pg_user WHERE usename = current_user").Scan(&super); err != nil || super {
		t.Errorf("superuser: %t, %v", super, err)
	}
}

func TestADatabaseSortsAsPeopleDo(t *testing.T) {
	conn := open(t, pgtest.Database(t))
	if n := number(t, conn, "SELECT count(*) FROM (VALUES (1)) v WHERE 'a' < 'B' AND NOT 'a' COLLATE \"C\" < 'B' COLLATE \"C\""); n != 1 {
		t.Error("'a' is not before 'B', or is so in the order of bytes")
	}
}

// A test that is first to ask may be in a bubble, whose channels and timers no other test
// could use.
func TestADatabaseOfABubbleIsLikeAnyOther(t *testing.T) {
	for range 2 {
		synctest.Test(t, func(t *testing.T) { pgtest.Database(t) })
	}
	open(t, pgtest.Database(t))
}

// child is the environment variable that makes the test binary start a cluster and end
// without having a say in it.
const child = "WINNOW_TEST_KILLED"

func TestTheClusterEndsHoweverTheTestsEnd(t *testing.T) {
	at := pgtest.Database(t) // or skip
	if os.Getenv(child) != "" {
		fmt.Println(at)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	folder := killed(t)
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", folder, err)
	}
}

// killed runs this test in a process of its own that is killed, waits until no process
// that it started is left, and returns the folder of its cluster.
func killed(t *testing.T) (folder string) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd := exec.Command(os.Args[0], "-test.run=^TestTheClusterEndsHoweverTheTestsEnd$")
	cmd.Env = append(os.Environ(), child+"=yes", pgtest.Variable+"=")
	cmd.ExtraFiles = []*os.File{write} // which all of them inherit
	out, err := cmd.Output()
	write.Close()
	if err == nil {
		t.Fatalf("it passed: %s", out)
	}
	if _, err := io.ReadAll(read); err != nil {
		t.Fatal(err)
	}
	_, folder, found := strings.Cut(string(out), "host=")
	if !found {
		t.Fatalf("it started no cluster: %s", out)
	}
	folder, _, _ = strings.Cut(folder, "\n")
	return folder
}

func open(t *testing.T, at string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func do(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func number(t *testing.T, conn *pgx.Conn, sql string) (n int64) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}
