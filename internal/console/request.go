package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"winnow/hygiene/provider"
)

// maxBody is the largest request body, in bytes. A send log is not limited.
const maxBody = 1 << 20

// readBody reads a request body to its end. net/http notices only then that a
// caller hangs up, so bodies that hold nothing of interest are read too.
func readBody(w http.ResponseWriter, req *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, apiErrorf(http.StatusRequestEntityTooLarge, "request body is larger than %d bytes; send less in one request", maxBody)
	}
	if err != nil {
		return nil, apiErrorf(http.StatusBadRequest, "request body was incomplete")
	}
	return body, nil
}

// fields are the keys that a JSON object may have, each with a pointer to where
// its value goes.
type fields map[string]any

// decodeBody reads a body of one JSON object; an empty body is an empty object.
// Errors show the example.
func decodeBody(w http.ResponseWriter, req *http.Request, into fields, example string) error {
	if encoding := req.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return apiErrorf(http.StatusUnsupportedMediaType, "request body must not be compressed; send it without Content-Encoding")
	}
	body, err := readBody(w, req)
	if err != nil {
		return err
	}
	if err := into.decode(body); err != nil {
		return apiErrorf(http.StatusBadRequest, "request body: %w; send JSON like %s", err, example)
	}
	return nil
}

// decode accepts less than encoding/json, which guesses where JSON is ambiguous:
// with replaced bytes or the second of two lists it would answer for contacts that
// nobody asked about.
func (f fields) decode(body []byte) error {
	text := bytes.Trim(bytes.TrimPrefix(body, []byte("\ufeff")), " \t\r\n")
	if len(text) == 0 {
		return nil
	}
	if err := provider.CheckStrict(body); err != nil {
		return err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil || object == nil {
		return errors.New("not a JSON object")
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value, known := f[name]
		if !known {
			return fmt.Errorf("unknown key %.40q", name)
		}
		if json.Unmarshal(object[name], value) != nil {
			return fmt.Errorf("the value of %q has the wrong type", name)
		}
	}
	return nil
}
