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

// maxBody is the most bytes of a body, except of the send log, which has no end.
const maxBody = 1 << 20

// whole reads a body to its end. Until then nobody sees that who asked has hung
// up, so a body that says nothing is read too.
func whole(w http.ResponseWriter, req *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes: send less at once", maxBody)
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the body did not arrive whole")
	}
	return body, nil
}

// members are the keys that a body may have, each with where its value goes.
type members map[string]any

// decode reads a body of one JSON object; an empty body is an empty object. What
// does not fit is told with an example.
func decode(w http.ResponseWriter, req *http.Request, into members, example string) error {
	if encoding := req.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return refuse(http.StatusUnsupportedMediaType, "this body can't be read compressed: send it as it is")
	}
	body, err := whole(w, req)
	if err != nil {
		return err
	}
	if err := into.read(body); err != nil {
		return refuse(http.StatusBadRequest, "the body can't be read: %w; send JSON like %s", err, example)
	}
	return nil
}

// read takes less than encoding/json does, since readers differ in what they make
// of the rest: a contact whose bytes were replaced, or the second of two lists,
// would be told for one that nobody asked about.
func (m members) read(body []byte) error {
	text := bytes.Trim(bytes.TrimPrefix(body, []byte("\ufeff")), " \t\r\n")
	if len(text) == 0 {
		return nil
	}
	if err := provider.Strict(body); err != nil {
		return err
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(text, &given); err != nil || given == nil {
		return errors.New("it is no object")
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value, known := m[name]
		if !known {
			return fmt.Errorf("there is no such key as %.40q", name)
		}
		if json.Unmarshal(given[name], value) != nil {
			return fmt.Errorf("the value of %q is of another type", name)
		}
	}
	return nil
}
