package console

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/mux"
)

// described lists the methods and paths of the description, from its lines: the
// paths stand two columns in, their methods four.
func described() (all []string) {
	path, within := "", false
	for line := range strings.Lines(string(openAPI)) {
		if !strings.HasPrefix(line, " ") {
			within = strings.HasPrefix(line, "paths:")
		}
		key, _, isKey := strings.Cut(strings.TrimSpace(line), ":")
		switch indent := len(line) - len(strings.TrimLeft(line, " ")); {
		case !within || !isKey:
		case indent == 2:
			path = key
		case indent == 4:
			all = append(all, strings.ToUpper(key)+" "+path)
		}
	}
	return all
}

func TestDescriptionHasEveryRouteAndNoOther(t *testing.T) {
	var routes []string
	server := newServer(Config{})
	err := server.router.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := route.GetPathTemplate()
		if err != nil {
			return err
		}
		methods, err := route.GetMethods()
		for _, method := range methods {
			if method != "HEAD" && (path == "/" || !slices.Contains(server.pagePaths, path)) { // HEAD goes with every GET
				routes = append(routes, method+" "+path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	there := described()
	for _, route := range routes {
		if !slices.Contains(there, route) {
			t.Errorf("not described: %s", route)
		}
	}
	for _, route := range there {
		if !slices.Contains(routes, route) {
			t.Errorf("described, but there is none: %s", route)
		}
	}
}

func TestDescriptionRefersToWhatExists(t *testing.T) {
	text := string(openAPI)
	refers := regexp.MustCompile(`#/components/(\w+)/(\w+)`).FindAllStringSubmatch(text, -1)
	if len(refers) < 10 {
		t.Fatalf("only %d references", len(refers))
	}
	for _, ref := range refers {
		_, after, _ := strings.Cut(text, "\n  "+ref[1]+":\n")
		if section := regexp.MustCompile(`(?m)^  \w`).Split(after, 2)[0]; !regexp.MustCompile(`(?m)^    ` + ref[2] + `:`).MatchString(section) {
			t.Errorf("%s is not there", ref[0])
		}
	}
}

func TestDescriptionIsServed(t *testing.T) {
	w := ask(Config{}, "GET", "/api/v1/openapi.yaml", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/yaml" || !strings.HasPrefix(w.Body.String(), "openapi: 3.1.0\n") {
		t.Errorf("answer %d %.80q of type %s", w.Code, w.Body, w.Header().Get("Content-Type"))
	}
}

func TestDescriptionHasTheLimitsOfTheCode(t *testing.T) {
	for _, limit := range []string{fmt.Sprintf("maxItems: %d", maxContacts), fmt.Sprintf("The first %d", maxListed)} {
		if !strings.Contains(string(openAPI), limit) {
			t.Errorf("the description does not have %q", limit)
		}
	}
}
