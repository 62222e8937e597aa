package imports

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"winnow/internal/csvlist"
)

// A line of an import is at most this long; so is a callback's body.
const maxLine = 2 << 20

// errLong is the error of a line that no record can be.
var errLong = fmt.Errorf("it is longer than %d bytes", maxLine)

// lines visits the lines of a file that are not blank. Of a line that is too
// long, reject is told instead: cut in two it would be something else.
func lines(r io.Reader, visit func(number int64, line []byte) error, reject func(number int64, why error, line []byte) error) error {
	in := bufio.NewReaderSize(r, maxLine)
	for n := int64(1); ; n++ {
		line, err := in.ReadSlice('\n')
		long := err == bufio.ErrBufferFull
		for err == bufio.ErrBufferFull {
			_, err = in.ReadSlice('\n')
		}
		if err != nil && err != io.EOF {
			return err
		}
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte(csvlist.ByteOrderMark))
		}
		var told error
		if line = bytes.TrimSpace(line); long {
			told = reject(n, errLong, nil)
		} else if len(line) > 0 {
			told = visit(n, line)
		}
		if told != nil || err == io.EOF {
			return told
		}
	}
}
