package pages

import "sync"

// Notice is what came of an act, shown once on the page that follows it.
type Notice struct {
	Failed bool
	Text   string   // a sentence
	More   []string // further sentences
}

// noticeParam is the parameter of a page's URL that names the notice to show on it.
const noticeParam = "done"

// notices are what came of acts, until the pages that follow them are shown. A restart
// forgets them.
type notices struct {
	name func() string // makes a name that nobody can guess

	mu    sync.Mutex
	made  map[string]sessionNotice
	order []string // the oldest first
}

// sessionNotice is a notice and the session that it is for.
type sessionNotice struct {
	Notice
	session string
}

// maxNotices is how many wait to be shown. Only who has a session can make one.
const maxNotices = 100

// add keeps a notice and returns its name.
func (n *notices) add(notice Notice, session string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	name := n.name()
	n.made[name] = sessionNotice{notice, session}
	n.order = append(n.order, name)
	if len(n.order) > maxNotices {
		delete(n.made, n.order[0])
		n.order = n.order[1:]
	}
	return name
}

// take returns the notice of that name, once, to the session that it is for; nil for none.
func (n *notices) take(name, session string) *Notice {
	n.mu.Lock()
	defer n.mu.Unlock()
	made, ok := n.made[name]
	if !ok || made.session != session {
		return nil
	}
	delete(n.made, name)
	return &made.Notice
}
