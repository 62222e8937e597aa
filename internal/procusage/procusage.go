// Package procusage reads what a process used, as the kernel counts it: processor time,
// bytes written to disk, and memory at its peak.
//
// It is how every benchmark measures: those of `winnow bench`, for processes, and those of
// go test, for the process that they are. Wall time depends on what else the machine does;
// these do so much less. Bytes written are counted when pages of files get dirty, so they
// do not depend on when the kernel writes them.
package procusage

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Usage is what a process used.
type Usage struct {
	CPU     time.Duration `json:"cpu_ns"`        // of all its threads, user and system
	Written int64         `json:"written_bytes"` // to disk; what goes to a file system in memory is not counted
	Peak    int64         `json:"peak_bytes"`    // of resident memory, since the start of the process or the last ResetPeak
}

// Since is what was used after an earlier reading. The peak stays that of u.
func (u Usage) Since(earlier Usage) Usage {
	return Usage{CPU: u.CPU - earlier.CPU, Written: u.Written - earlier.Written, Peak: u.Peak}
}

// Add adds up what two processes used one after the other: the peak is the higher one.
func (u Usage) Add(other Usage) Usage {
	return Usage{CPU: u.CPU + other.CPU, Written: u.Written + other.Written, Peak: max(u.Peak, other.Peak)}
}

// PeakMiB is the peak in MiB.
func (u Usage) PeakMiB() float64 { return float64(u.Peak) / (1 << 20) }

// tick is the unit of times in /proc/PID/stat: USER_HZ is 100 on every Linux.
const tick = 10 * time.Millisecond

// Of reads the usage of a running process, of the same user. Its processor time is exact to
// 10 ms.
func Of(pid int) (u Usage, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, err
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 13 {
		return u, fmt.Errorf("/proc/%d/stat has only %d fields", pid, len(fields))
	}
	for _, ticks := range fields[11:13] { // user and system
		n, err := strconv.ParseInt(ticks, 10, 64)
		if err != nil {
			return u, err
		}
		u.CPU += time.Duration(n) * tick
	}
	written, err := number(fmt.Sprintf("/proc/%d/io", pid), "write_bytes:")
	if err != nil {
		return u, err
	}
	peak, err := number(fmt.Sprintf("/proc/%d/status", pid), "VmHWM:")
	u.Written, u.Peak = written, peak<<10
	return u, err
}

// Self reads the usage of this process, with exact processor time.
func Self() (Usage, error) {
	u, err := Of(os.Getpid())
	var r syscall.Rusage
	err = errors.Join(err, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	u.CPU = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	return u, err
}

// ResetPeak begins to count the peak anew: it is then what is resident now.
func ResetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// number is the number after a word at the beginning of a line.
func number(path, word string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, word); ok {
			return strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		}
	}
	return 0, fmt.Errorf("%s does not have %s", path, word)
}

// peakEvery is how often the peak of a process is read while it runs.
const peakEvery = 5 * time.Millisecond

// Run runs a command to its end and returns what it, with the processes that it waited
// for, used, and how long it took. The peak is that of the process itself.
func Run(c *exec.Cmd) (u Usage, took time.Duration, err error) {
	began := time.Now()
	if err := c.Start(); err != nil {
		return u, 0, err
	}
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { u.Peak = watchPeak(c.Process.Pid, ended) })
	err = c.Wait()
	took = time.Since(began)
	close(ended)
	watching.Wait()
	r, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return u, took, errors.Join(err, errors.New("this system does not count what a process used"))
	}
	u.CPU, u.Written = time.Duration(r.Utime.Nano()+r.Stime.Nano()), r.Oublock*blockSize
	if own, ownErr := Self(); ownErr == nil && r.Maxrss<<10 > own.Peak {
		u.Peak = max(u.Peak, r.Maxrss<<10) // of this process until its child began another program, or of the child
	}
	return u, took, err
}

// blockSize is the unit of the blocks in a rusage.
const blockSize = 512

// watchPeak reads the peak of a process until it has ended. Its parent's memory is what the
// kernel reports after the end if that was more, so it must be read before.
func watchPeak(pid int, ended <-chan struct{}) (peak int64) {
	for every := time.Tick(peakEvery); ; {
		if kib, err := number(fmt.Sprintf("/proc/%d/status", pid), "VmHWM:"); err == nil {
			peak = max(peak, kib<<10)
		}
		select {
		case <-ended:
			return peak
		case <-every:
		}
	}
}
