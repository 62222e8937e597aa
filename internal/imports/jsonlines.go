package imports

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"winnow/internal/csvlist"
)

// maxLine is the maximum size in bytes of a line of an import; a callback's body may
// have as many.
const maxLine = 2 << 20

var errTooLong = fmt.Errorf("longer than %d bytes", maxLine)

// readLines calls visit for each line that is not blank, without the space around
// it. For a line that is too long it calls reject, since a part of it would be
// something else. It stops at the first error.
func readLines(r io.Reader, visit func(number int64, line []byte) error, reject func(number int64, reason error, line []byte) error) error {
	in := bufio.NewReaderSize(r, maxLine)
	for n := int64(1); ; n++ {
		line, err := in.ReadSlice('\n')
		tooLong := err == bufio.ErrBufferFull
		for err == bufio.ErrBufferFull {
			_, err = in.ReadSlice('\n')
		}
		if err != nil && err != io.EOF {
			return err
		}
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte(csvlist.ByteOrderMark))
		}
		var visitErr error
		if line = bytes.TrimSpace(line); tooLong {
			visitErr = reject(n, errTooLong, nil)
		} else if len(line) > 0 {
			visitErr = visit(n, line)
		}
		if visitErr != nil || err == io.EOF {
			return visitErr
		}
	}
}

// checkJSONLines returns an error when the first bytes of a file show that it does
// not consist of JSON objects.
func checkJSONLines(head []byte) error {
	if err := csvlist.CheckText(head); err != nil {
		return err
	}
	if bytes.HasPrefix(trimStart(head), []byte("[")) {
		return errors.New("the file is a JSON array; write one object per line, without the brackets and commas")
	}
	return nil
}

// trimStart returns the text of a file without its byte order mark and leading space.
func trimStart(head []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(head, []byte(csvlist.ByteOrderMark)), " \t\r\n")
}
