package pages

import (
	"net/http"
	"net/url"
	"strings"
)

// showRules shows the policy in force.
func (s *server) showRules(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Rules == nil {
		return errNoPage
	}
	r, err := s.Rules(req.Context())
	if err != nil {
		return err
	}
	page, err := Rules(s.page(req, v), r)
	return send(w, http.StatusOK, page, err)
}

// showPolicies shows the policies that were applied.
func (s *server) showPolicies(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Policies == nil {
		return errNoPage
	}
	list, err := s.Policies(req.Context())
	if err != nil {
		return err
	}
	page, err := Policies(s.page(req, v), list)
	return send(w, http.StatusOK, page, err)
}

// showPolicy shows the text of a policy.
func (s *server) showPolicy(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Policy == nil {
		return errNoPage
	}
	text, err := s.Policy(req.Context(), req.PathValue("hash"))
	if err != nil {
		return err
	}
	page, err := AppliedPolicy(s.page(req, v), text)
	return send(w, http.StatusOK, page, err)
}

// showDiff shows the difference of two policies.
func (s *server) showDiff(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Diff == nil {
		return errNoPage
	}
	given := req.URL.Query()
	d, err := s.Diff(req.Context(), given.Get("from"), given.Get("to"))
	if err != nil {
		return err
	}
	page, err := Diff(s.page(req, v), d)
	return send(w, http.StatusOK, page, err)
}

// maxPastedForm has room for a pasted config in which every character is escaped.
const maxPastedForm = 1 << 20

// showCheck shows where a config is pasted.
func (s *server) showCheck(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Check == nil {
		return errNoPage
	}
	page, err := Check(s.page(req, v), nil)
	return send(w, http.StatusOK, page, err)
}

// check checks the config of a form.
func (s *server) check(req *http.Request, _ Visit) (next *url.URL, n Notice, err error) {
	next = &url.URL{Path: "/rules/check"}
	if s.Check == nil {
		return next, n, errNoPage
	}
	text := strings.ReplaceAll(req.PostForm.Get("config"), "\r\n", "\n") // as browsers end the lines of a form
	id, err := s.Check(req.Context(), text)
	if err != nil {
		return next, n, err
	}
	return next.JoinPath(id), Notice{Text: "The config was only checked; nothing of it is applied."}, nil
}

// showChecked shows what was found about a pasted config.
func (s *server) showChecked(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Checked == nil {
		return errNoPage
	}
	c, err := s.Checked(req.Context(), req.PathValue("id"))
	if err != nil {
		return err
	}
	page, err := Check(s.page(req, v), &c)
	return send(w, http.StatusOK, page, err)
}
