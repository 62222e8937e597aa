package imports

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/hygiene/provider"
	"winnow/internal/config"
	"winnow/internal/jsonsplit"
	"winnow/internal/ui"
)

// isBodies reports whether the file is bodies of a provider, and nothing around them.
func (im *eventImport) isBodies() bool { return im.options.From != "" }

// sourceFrom finds the source whose bodies have the preset that From names: the one that
// Source names, or else the only one.
func sourceFrom(cfg *config.Config, o *Options) (string, error) {
	var named []string
	for i := range cfg.Sources {
		if s := &cfg.Sources[i]; s.Preset == o.From && (o.Source == "" || s.Name == o.Source) {
			named = append(named, s.Name)
		}
	}
	switch {
	case len(named) == 1:
		return named[0], nil
	case len(named) > 1:
		return "", ui.Usagef("several sources have the preset %s; name one: --source %s", o.From, named[0])
	case o.Source != "":
		return "", ui.Usagef("--from %s: the source %s does not have that preset, so its outcomes could not decide what the events mean", ui.ShellQuote(o.From), ui.ShellQuote(o.Source))
	}
	return "", ui.Usagef("--from %s: no source of the config has that preset; add one, since its outcomes decide what the events mean", ui.ShellQuote(o.From))
}

// readBodies reads bodies: JSON, one after another or in an array, or lines of forms and of
// queries.
func (im *eventImport) readBodies() error {
	source, err := sourceFrom(im.app.Config, &im.options)
	if err != nil {
		return err
	}
	im.from = source
	text := bufio.NewReaderSize(im.text, 64<<10)
	for {
		start, err := text.Peek(1)
		if err != nil || bytes.IndexByte([]byte(" \t\r\n\xef\xbb\xbf"), start[0]) < 0 {
			break
		}
		_, _ = text.Discard(1)
	}
	next := lines(text)
	if start, err := text.Peek(1); err == nil && (start[0] == '{' || start[0] == '[') {
		next = jsonsplit.New(text, maxLine).Next
	}
	for {
		body, line, err := next()
		switch {
		case err == io.EOF:
			return nil
		case err == jsonsplit.ErrTooLong:
			err = im.reject(line, fmt.Errorf("longer than %d bytes", maxLine), nil)
		case err == nil && len(body) > 0:
			err = im.addBody(line, body)
		}
		if err != nil {
			return err
		}
	}
}

// lines returns a function that returns one line after another, and its number.
func lines(text *bufio.Reader) func() ([]byte, int64, error) {
	number := int64(0)
	return func() (line []byte, _ int64, err error) {
		number++
		tooLong := false
		for {
			part, err := text.ReadSlice('\n')
			if tooLong = tooLong || len(line)+len(part) > maxLine; !tooLong {
				line = append(line, part...)
			}
			switch {
			case err == bufio.ErrBufferFull:
				continue
			case err == io.EOF && (len(line) > 0 || tooLong):
			case err != nil:
				return nil, number, err
			}
			if tooLong {
				return nil, number, jsonsplit.ErrTooLong
			}
			return bytes.TrimSpace(line), number, nil
		}
	}
}

// addBody adds the events of a body. Their time is the provider's, or else that of the
// option; of a body in which an event has neither nothing is added.
func (im *eventImport) addBody(number int64, body []byte) error {
	im.line = number
	now := instant.Of(im.now)
	is, err := im.readers[im.from].Read(&provider.Request{Body: body, ReceivedAt: now})
	if err != nil {
		return im.reject(number, err, body)
	}
	for i := range is.Events {
		e := &is.Events[i]
		if e.At == now {
			if e.At = im.options.Received; e.At == 0 {
				return im.reject(number, errors.New("an event has no time; --received TIME is for those"), body)
			}
		}
		e.ReceivedAt = e.At // as in an archive, it was received when it happened
		im.noteTime(e.At.Time())
	}
	for i := range is.Unreadable {
		is.Unreadable[i].ReceivedAt = cmp.Or(im.options.Received, now)
	}
	im.result.LeftOut += int64(is.LeftOut)
	im.events, im.unreadable = append(im.events, is.Events...), append(im.unreadable, is.Unreadable...)
	im.size += len(body)
	return im.flushIfMany()
}

// ParseReceived reads the time of events that name none; 0 for an empty text. The error is
// one of usage.
func ParseReceived(text string) (hygiene.Instant, error) {
	if text == "" {
		return 0, nil
	}
	at, err := instant.ParseTime(text)
	if err != nil {
		return 0, ui.Usagef("--received: %w", err)
	}
	return at, nil
}
