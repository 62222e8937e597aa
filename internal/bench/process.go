package bench

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"winnow/internal/procusage"
)

// measured is what a process did.
type measured struct {
	procusage.Usage
	took   time.Duration
	output []byte // on stdout
}

// perSecond is how many of n a second of wall time were done.
func (m measured) perSecond(n int) float64 { return float64(n) / m.took.Seconds() }

// Cost is what something took.
type Cost struct {
	Took time.Duration `json:"took_ns"`
	procusage.Usage
}

// process runs a process to its end. The error has what it wrote to stderr.
func process(c *exec.Cmd) (m measured, err error) {
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	m.Usage, m.took, err = procusage.Run(c)
	m.output = out.Bytes()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", strings.Join(c.Args, " "), err, bytes.TrimSpace(errs.Bytes()))
	}
	return m, err
}
