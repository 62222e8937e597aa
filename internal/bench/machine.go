package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Machine is what the figures come from.
type Machine struct {
	Processor  string    `json:"processor"`
	Cores      int       `json:"cores"`
	Memory     int64     `json:"memory_bytes"`
	FileSystem string    `json:"file_system"` // of the stores that were measured
	Kernel     string    `json:"kernel"`
	Go         string    `json:"go"`
	Load       string    `json:"load_average"` // of one minute, before the first measurement
	At         time.Time `json:"at"`
}

// thisMachine describes this machine, with the file system of a folder.
func thisMachine(folder string) (m Machine, err error) {
	m = Machine{Cores: runtime.NumCPU(), Go: runtime.Version(), At: time.Now().UTC().Truncate(time.Second), Processor: runtime.GOARCH}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.Processor = strings.TrimSpace(value)
				break
			}
		}
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load, _, _ = strings.Cut(string(text), " ")
	}
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return m, fmt.Errorf("read the size of the memory: %w", err)
	}
	m.Memory = int64(uint64(info.Totalram) * uint64(info.Unit))
	var name syscall.Utsname
	if err := syscall.Uname(&name); err != nil {
		return m, fmt.Errorf("read the kernel's version: %w", err)
	}
	m.Kernel = text(name.Sysname[:]) + " " + text(name.Release[:])
	m.FileSystem, err = fileSystem(folder)
	return m, err
}

func text(chars []int8) string {
	var b bytes.Buffer
	for _, c := range chars {
		if c == 0 {
			break
		}
		b.WriteByte(byte(c))
	}
	return b.String()
}

// fileSystem is the type of the file system that a folder is on: that of the longest mount
// point above it.
func fileSystem(folder string) (kind string, err error) {
	folder, err = filepath.EvalSymlinks(folder)
	if err != nil {
		return "", err
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return "", err
	}
	longest := -1
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			continue
		}
		point, err := strconv.Unquote(`"` + fields[1] + `"`) // a space is written \040
		if err != nil {
			continue
		}
		if (point == "/" || folder == point || strings.HasPrefix(folder, point+"/")) && len(point) >= longest {
			kind, longest = fields[2], len(point)
		}
	}
	return kind, nil
}

// String is a line about the machine, and how much it had to do.
func (m Machine) String() string {
	return fmt.Sprintf("%s; load average %s before it; %s", m.name(), m.Load, m.At.Format("2006-01-02 15:04 UTC"))
}

// name is what the machine is.
func (m Machine) name() string {
	return fmt.Sprintf("%s, %d cores, %.0f GiB, %s, %s, %s", m.Processor, m.Cores, float64(m.Memory)/(1<<30), m.FileSystem, m.Kernel, m.Go)
}
