package provider

// jsonReports says where the parts of a report are in a JSON object, as dotted
// paths. It is for presets whose bodies are one such object or an array of them.
type jsonReports struct{ id, event, code string }

func (j jsonReports) parser(contact string) parser {
	return &jsonParser{pathTree(j.id, j.event, j.code, contact)}
}

// The slots of the paths that a jsonParser looks for.
const (
	slotID = iota
	slotEvent
	slotCode
	slotContact
)

type jsonParser struct{ wanted []member }

// parse implements [parser], in one pass over the body.
func (p *jsonParser) parse(r *Request, to *batch) error {
	s := scan(string(r.Body), p.wanted)
	return s.elements(func(from, end int) {
		body := r.Body[from:end:end]
		if body[0] != '{' {
			to.add(&report{body: body, problem: "not an object with an id and an event"})
			return
		}
		contact, _ := keyText(s.found[slotContact]) // none in a number that is too long
		to.add(&report{
			body:    body,
			id:      stringValue(s.found[slotID]),
			event:   stringValue(s.found[slotEvent]),
			code:    codeOfValue(s.found[slotCode]),
			contact: contact,
		})
	})
}
