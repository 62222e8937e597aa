package powercut

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// call is one system call that succeeded.
type call struct {
	name          string
	paths         []string // of its file, or of its arguments
	data          []byte   // of a write
	numbers       []int64  // the arguments after those
	flags         string   // of an open
	entered, done int      // lines of the trace
}

var (
	line       = regexp.MustCompile(`^(\d+)\s+(.*)$`)
	resumed    = regexp.MustCompile(`^<\.\.\. \w+ resumed>(.*)$`)
	signature  = regexp.MustCompile(`^(\w+)\((.*)\)\s+= (-?\d+)`)
	descriptor = regexp.MustCompile(`^\d+<((?:\\x[0-9a-f]{2})*)>(?:\(deleted\))?(?:, )?`)
	text       = regexp.MustCompile(`"((?:\\x[0-9a-f]{2})*)"`)
)

const unfinished = " <unfinished ...>"

// readTrace reads what strace -f -y -xx wrote. Calls are in the order in which they
// ended.
func readTrace(in io.Reader) (calls []call, err error) {
	waiting := map[string]string{} // beginnings of calls, by process
	since := map[string]int{}
	lines := bufio.NewReaderSize(in, 1<<20)
	for n := 0; ; n++ {
		raw, err := lines.ReadString('\n')
		if err == io.EOF {
			return calls, nil
		}
		if err != nil {
			return nil, err
		}
		m := line.FindStringSubmatch(strings.TrimSuffix(raw, "\n"))
		if m == nil {
			return nil, fmt.Errorf("line %d of the trace: %.80s", n+1, raw)
		}
		process, rest, entered := m[1], m[2], n
		if strings.HasSuffix(rest, unfinished) {
			waiting[process], since[process] = strings.TrimSuffix(rest, unfinished), n
			continue
		}
		if r := resumed.FindStringSubmatch(rest); r != nil {
			rest, entered = waiting[process]+r[1], since[process]
		}
		if c, ok := readCall(rest); ok {
			c.entered, c.done = entered, n
			calls = append(calls, c)
		}
	}
}

// readCall reads a call; false for signals, exits and failed calls.
func readCall(s string) (c call, ok bool) {
	m := signature.FindStringSubmatch(s)
	if m == nil || strings.HasPrefix(m[3], "-") {
		return call{}, false
	}
	c.name = m[1]
	args := m[2]
	if d := descriptor.FindStringSubmatch(args); d != nil {
		c.paths = append(c.paths, string(unhex(d[1])))
		args = args[len(d[0]):]
	}
	isWrite := strings.Contains(c.name, "write")
	for _, t := range text.FindAllStringSubmatch(args, -1) {
		if isWrite {
			c.data = unhex(t[1])
		} else {
			c.paths = append(c.paths, string(unhex(t[1])))
		}
	}
	for _, arg := range strings.Split(text.ReplaceAllString(args, ""), ", ") {
		if number, err := strconv.ParseInt(arg, 10, 64); err == nil {
			c.numbers = append(c.numbers, number)
		} else if strings.HasPrefix(arg, "O_") {
			c.flags = arg
		}
	}
	return c, true
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, `\x`, ""))
	if err != nil {
		panic(err) // the expressions above let nothing else through
	}
	return b
}

func TestATraceIsRead(t *testing.T) {
	calls, err := readTrace(strings.NewReader(`7  openat(AT_FDCWD<\x2f>, "\x2f\x61", O_RDWR|O_CREAT, 0600) = 3<\x2f\x61>
7  pwrite64(3<\x2f\x61>, "\x01\x22", 2, 4096) = 2
7  fdatasync(3<\x2f\x61> <unfinished ...>
8  ftruncate(3<\x2f\x61>, 4) = 0
8  unlink("\x2f\x62") = -1 ENOENT (No such file or directory)
7  <... fdatasync resumed>) = 0
8  +++ exited with 0 +++
`))
	if err != nil || len(calls) != 4 {
		t.Fatalf("%+v, %v", calls, err)
	}
	if c := calls[0]; c.paths[0] != "/a" || c.flags != "O_RDWR|O_CREAT" {
		t.Errorf("the open is %+v", c)
	}
	if c := calls[1]; c.paths[0] != "/a" || !bytes.Equal(c.data, []byte{1, '"'}) || c.numbers[1] != 4096 {
		t.Errorf("the write is %+v", c)
	}
	if c := calls[2]; c.name != "ftruncate" || c.numbers[0] != 4 {
		t.Errorf("the truncation is %+v", c)
	}
	if c := calls[3]; c.name != "fdatasync" || c.entered != 2 || c.done != 5 {
		t.Errorf("the sync is %+v", c)
	}
}
