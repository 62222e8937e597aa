package person

import (
	"bufio"
	"encoding/json"
	"io"
)

// document writes JSON, a member after the other. After an error it writes nothing more.
type document struct {
	to    *bufio.Writer
	err   error
	first bool // nothing is in the object or array yet
}

func newDocument(to io.Writer) *document {
	return &document{to: bufio.NewWriterSize(to, 1<<16), first: true}
}

func (d *document) text(s string) {
	if d.err == nil {
		_, d.err = d.to.WriteString(s)
	}
}

// fail notes an error of what is to be written.
func (d *document) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// next separates a member or an element from the one before.
func (d *document) next() {
	if !d.first {
		d.text(",")
	}
	d.text("\n")
	d.first = false
}

func (d *document) begin() { d.text("{"); d.first = true }

func (d *document) end() { d.text("\n}"); d.first = false }

// key begins a member, whose value follows.
func (d *document) key(name string) {
	d.next()
	d.value(name)
	d.text(": ")
	d.first = true
}

// value writes a value as it is.
func (d *document) value(v any) {
	if d.err != nil {
		return
	}
	b, err := json.Marshal(v)
	if err != nil {
		d.err = err
		return
	}
	_, d.err = d.to.Write(b)
}

// member writes a member of an object.
func (d *document) member(name string, v any) {
	d.key(name)
	d.value(v)
	d.first = false
}

// element writes an element of an array.
func (d *document) element(v any) {
	d.next()
	d.value(v)
}

// object writes an object, as a member's value or as an element.
func (d *document) object(members func()) {
	if !d.first {
		d.next()
	}
	d.begin()
	members()
	d.end()
}

// array writes a member that is a list.
func (d *document) array(name string, elements func()) {
	d.key(name)
	d.text("[")
	d.first = true
	elements()
	d.text("]")
	d.first = false
}

func (d *document) flush() error {
	d.text("\n")
	if d.err == nil {
		d.err = d.to.Flush()
	}
	return d.err
}
