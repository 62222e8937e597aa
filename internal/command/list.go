package command

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/segments"
	"winnow/store"
)

// listCommand keeps static lists.
type listCommand struct {
	All    listAllCommand    `cmd:"" default:"1" help:"Count who is on each list."`
	Add    listAddCommand    `cmd:"" help:"Put contacts on a list."`
	Remove listRemoveCommand `cmd:"" help:"Take contacts off a list."`
	Show   listShowCommand   `cmd:"" help:"Print who is on a list, one key a line."`
}

// listAllCommand counts who is on each list.
type listAllCommand struct{}

// Run counts them.
func (listAllCommand) Run(c *call) error {
	return c.look(func(h *house) error {
		lists, err := h.store.Lists()
		if err != nil {
			return err
		}
		if c.json {
			return c.printJSON(append([]store.ListSize{}, lists...))
		}
		if len(lists) == 0 {
			_, err := fmt.Fprintln(c.Stdout, "there is no list yet: winnow list add NAME FILE makes one")
			return err
		}
		rows := [][]string{{"LIST", "CONTACTS", ""}}
		used := listsUsed(h.config.Segments)
		for _, l := range lists {
			note := ""
			if !slices.Contains(used, l.Name) {
				note = "no segment asks for it"
			}
			rows = append(rows, []string{l.Name, grouped(l.Contacts), note})
		}
		for _, l := range lists {
			used = slices.DeleteFunc(used, func(name string) bool { return name == l.Name })
		}
		for _, name := range used {
			rows = append(rows, []string{name, "0", "a segment asks for it, and nobody is on it"})
		}
		table(c.Stdout, rows)
		return nil
	})
}

// emptyLists are the lists that segments ask for and nobody is on, a sentence
// each: a name that is written wrongly is one of these.
func emptyLists(cfg *config.Config, s *store.Store) (told []string, err error) {
	names, err := s.ListNames()
	for _, name := range slices.DeleteFunc(listsUsed(cfg.Segments), func(name string) bool { return slices.Contains(names, name) }) {
		told = append(told, fmt.Sprintf("a segment asks for the list %q, and nobody is on it; %s", name, config.Suggest(name, names)))
	}
	return told, err
}

// listAddCommand puts contacts on a list.
type listAddCommand struct {
	Name        string `arg:"" help:"The list."`
	contactFile `embed:""`
}

// listRemoveCommand takes contacts off a list.
type listRemoveCommand struct {
	Name        string `arg:"" help:"The list."`
	contactFile `embed:""`
}

// Run adds them.
func (x listAddCommand) Run(c *call) error {
	if !reasonName.MatchString(x.Name) {
		return &usageError{fmt.Errorf("%q is no name of a list: write it like staff, with small letters, digits, _ and -", x.Name)}
	}
	return c.with(store.Open, func(h *house) error {
		if used := listsUsed(h.config.Segments); !slices.Contains(used, x.Name) {
			fmt.Fprintf(c.Stderr, "winnow: no segment of %s asks for the list %q; %s\n", c.config, x.Name, config.Suggest(x.Name, used))
		}
		t := &listTaker{name: x.Name, write: h.store.AddToList}
		return t.run(c, h, &x.contactFile, added)
	})
}

// Run takes them off.
func (x listRemoveCommand) Run(c *call) error {
	return c.with(store.OpenExisting, func(h *house) error {
		if err := listExists(h, x.Name); err != nil {
			return err
		}
		t := &listTaker{name: x.Name, write: h.store.RemoveFromList}
		return t.run(c, h, &x.contactFile, removed)
	})
}

// listExists is an error when nobody is on the list and no segment asks for it.
func listExists(h *house, name string) error {
	names, err := h.store.ListNames()
	names = append(names, listsUsed(h.config.Segments)...)
	if err != nil || slices.Contains(names, name) {
		return err
	}
	return fmt.Errorf("there is no list %q; %s", name, config.Suggest(name, names))
}

// listTaker puts contacts on a list, or takes them off it.
type listTaker struct {
	name    string
	write   func(list string, keys []string) (store.Listed, error)
	waiting []string
	did     store.Listed
}

// listed is what that prints as JSON.
type listed struct {
	List      string `json:"list"`
	Changed   int64  `json:"changed"`
	Unchanged int64  `json:"unchanged"`
	New       int64  `json:"new_contacts"`
	Rejected  int64  `json:"rejected"`
}

const (
	added   = "added to"
	removed = "removed from"
)

func (t *listTaker) run(c *call, h *house, file *contactFile, done string) error {
	out, err := file.read(c, h.config.Keys, t)
	if err != nil {
		return err
	}
	if c.json {
		return errors.Join(c.printJSON(listed{t.name, t.did.Changed, t.did.Unchanged, t.did.New, out.Lines}), out.err(file.File))
	}
	if fmt.Fprintf(c.Stdout, "%s %s %s, ", plural(t.did.Changed, "contact"), done, t.name); done == added {
		fmt.Fprintf(c.Stdout, "%s on it before; %s\n", grouped(t.did.Unchanged), newContacts(t.did.New))
	} else {
		fmt.Fprintf(c.Stdout, "%s not on it\n", grouped(t.did.Unchanged))
	}
	return out.err(file.File)
}

func newContacts(n int64) string {
	if n == 1 {
		return "1 contact is new to winnow"
	}
	return grouped(n) + " contacts are new to winnow"
}

func (t *listTaker) columns([]string) error { return nil }

func (t *listTaker) take(key string, _ []string) error {
	t.waiting = append(t.waiting, key)
	return nil
}

func (t *listTaker) flush() error {
	did, err := t.write(t.name, t.waiting)
	if err != nil {
		return err
	}
	t.waiting = t.waiting[:0]
	t.did.Changed, t.did.Unchanged, t.did.New = t.did.Changed+did.Changed, t.did.Unchanged+did.Unchanged, t.did.New+did.New
	return nil
}

// listShowCommand prints who is on a list.
type listShowCommand struct {
	Name string `arg:"" help:"The list."`
}

// Run prints them as they are read: a list may be longer than the memory.
func (x listShowCommand) Run(c *call) error {
	return c.look(func(h *house) error {
		if err := listExists(h, x.Name); err != nil {
			return err
		}
		out := newRunning(c)
		err := h.store.OnList(c.ctx, x.Name, func(key string) error {
			if c.json {
				return out.value(key)
			}
			return out.line(key)
		})
		return errors.Join(err, out.end())
	})
}

// running prints as it reads: lines, or one JSON array with a value a line.
type running struct {
	*bufio.Writer
	json bool
	n    int64
}

func newRunning(c *call) *running {
	return &running{Writer: bufio.NewWriterSize(c.Stdout, 1<<16), json: c.json}
}

func (o *running) line(text string) error {
	o.n++
	_, err := o.WriteString(text + "\n")
	return err
}

func (o *running) value(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	before := ",\n  "
	if o.n++; o.n == 1 {
		before = "[\n  "
	}
	_, err = o.WriteString(before + string(text))
	return err
}

func (o *running) end() error {
	if o.json && o.n == 0 {
		o.WriteString("[]\n")
	} else if o.json {
		o.WriteString("\n]\n")
	}
	return o.Flush()
}

// listsUsed names the static lists that segments ask for.
func listsUsed(all []segments.Segment) (names []string) {
	for _, s := range all {
		if s.List != "" {
			names = append(names, s.List)
		}
		names = append(names, hygiene.InputsOf(s.Where).Lists...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
