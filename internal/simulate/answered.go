package simulate

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

// answeredFile is the first line of a file of what was answered. What follows are the notes of
// the events, a byte each, compressed.
type answeredFile struct {
	Format int             `json:"winnow_simulate"` // of the file
	Run    string          `json:"run"`
	Source string          `json:"source"`
	Steps  int64           `json:"events_of_a_message"`
	Events int             `json:"events"`
	Began  hygiene.Instant `json:"began"`
}

// answeredFormat is the format that this version writes and reads.
const answeredFormat = 1

// save writes what was answered to a file, for a check on the host of the daemon.
func (s *simulation) save(path string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	head := answeredFile{Format: answeredFormat, Run: s.run, Source: s.target.name, Steps: s.traffic.Steps(), Events: len(s.ledger.notes), Began: hygiene.InstantOf(s.began)}
	if err := json.NewEncoder(f).Encode(&head); err != nil {
		return err
	}
	z := gzip.NewWriter(f)
	notes := make([]byte, len(s.ledger.notes))
	for i, n := range s.ledger.notes {
		notes[i] = byte(n)
	}
	_, err = z.Write(notes)
	return errors.Join(err, z.Close())
}

// loadAnswered reads such a file.
func loadAnswered(path string) (head answeredFile, notes []note, err error) {
	f, err := os.Open(path)
	if err != nil {
		return head, nil, err
	}
	defer f.Close()
	wrong := func(err error) error {
		return fmt.Errorf("%s is not a file that winnow simulate --answered wrote: %w", path, err)
	}
	in := bufio.NewReader(f)
	line, err := in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &head)
	}
	switch {
	case err != nil:
		return head, nil, wrong(err)
	case head.Format != answeredFormat || head.Steps < 1 || head.Steps > 2 || head.Events < 0 || head.Run == "":
		return head, nil, wrong(errors.New("it is of another version"))
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return head, nil, wrong(err)
	}
	text, err := io.ReadAll(io.LimitReader(z, int64(head.Events)+1))
	if err == nil && len(text) != head.Events {
		err = fmt.Errorf("it has %d events of %d", len(text), head.Events)
	}
	if err != nil {
		return head, nil, wrong(err)
	}
	for _, b := range text {
		notes = append(notes, note(b))
	}
	return head, notes, nil
}
