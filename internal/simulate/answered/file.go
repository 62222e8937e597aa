package answered

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"winnow/hygiene"
)

// header is the first line of a file of what was answered. What follows are the notes of
// the events, a byte each, compressed.
type header struct {
	Format int             `json:"winnow_simulate"` // of the file
	Run    string          `json:"run"`
	Steps  int64           `json:"events_of_a_message"`
	Events int             `json:"events"`
	Began  hygiene.Instant `json:"began"`
}

// format is the format that this version writes and reads.
const format = 1

// Save writes the ledger of a run that began then to a new file, for a comparison on the host of
// the daemon.
func (l *Ledger) Save(path string, began hygiene.Instant) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	head := header{Format: format, Run: l.Run, Steps: l.Steps, Events: len(l.notes), Began: began}
	if err := json.NewEncoder(f).Encode(&head); err != nil {
		return err
	}
	z := gzip.NewWriter(f)
	notes := make([]byte, len(l.notes))
	for i, n := range l.notes {
		notes[i] = byte(n)
	}
	_, err = z.Write(notes)
	return errors.Join(err, z.Close())
}

// Load reads such a file, and when its run began.
func Load(path string) (l *Ledger, began hygiene.Instant, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	l, began, err = read(bufio.NewReader(f))
	if err != nil {
		return nil, 0, fmt.Errorf("%s is not a file that winnow simulate --answered wrote: %w", path, err)
	}
	return l, began, nil
}

func read(in *bufio.Reader) (l *Ledger, began hygiene.Instant, err error) {
	var head header
	line, err := in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &head)
	}
	switch {
	case err != nil:
		return nil, 0, err
	case head.Format != format || head.Steps < 1 || head.Steps > 2 || head.Events < 0 || head.Run == "":
		return nil, 0, errors.New("it is of another version")
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, 0, err
	}
	text, err := io.ReadAll(io.LimitReader(z, int64(head.Events)+1))
	if err == nil && len(text) != head.Events {
		err = fmt.Errorf("it has %d events of %d", len(text), head.Events)
	}
	if err != nil {
		return nil, 0, err
	}
	l = &Ledger{Run: head.Run, Steps: head.Steps}
	for _, b := range text {
		l.notes = append(l.notes, note(b))
	}
	return l, head.Began, nil
}
