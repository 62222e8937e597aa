package console

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// ofResponse are the keys that OpenAPI has for a response.
var ofResponse = []string{"description", "headers", "content", "links"}

// misshapen lists what a description can't mean: keys without a value, which is
// what a comma in plain text leaves, and keys of responses that are none.
func misshapen(text string) (wrong []string) {
	var doc map[string]any
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return []string{err.Error()}
	}
	var look func(place string, v any)
	look = func(place string, v any) {
		switch v := v.(type) {
		case nil:
			wrong = append(wrong, place+" has no value")
		case []any:
			for i, member := range v {
				look(fmt.Sprint(place, "[", i, "]"), member)
			}
		case map[string]any:
			for key, member := range v {
				if responses, is := member.(map[string]any); is && key == "responses" {
					wrong = append(wrong, misanswered(place, responses)...)
				}
				look(place+" "+key, member)
			}
		}
	}
	look("the description", doc)
	slices.Sort(wrong)
	return wrong
}

func misanswered(place string, responses map[string]any) (wrong []string) {
	for status, response := range responses {
		object, _ := response.(map[string]any)
		if _, refers := object["$ref"].(string); refers && len(object) == 1 {
			continue
		}
		if text, _ := object["description"].(string); text == "" {
			wrong = append(wrong, place+" "+status+" is not described")
		}
		for key := range object {
			if !slices.Contains(ofResponse, key) {
				wrong = append(wrong, place+" "+status+" has "+key+", which no response has")
			}
		}
	}
	return wrong
}

func TestDescriptionHasTheShapeOfOpenAPI(t *testing.T) {
	for _, wrong := range misshapen(string(openAPI)) {
		t.Error(wrong)
	}
	torn := strings.Replace(string(openAPI), `description: "The page, saying why`, `description: The page, saying why`, 1)
	torn = strings.Replace(torn, `nothing to show",`, `nothing to show,`, 1)
	if wrong := misshapen(torn); len(wrong) != 2 {
		t.Errorf("a comma in plain text gives %q", wrong)
	}
}

func TestStatusesOfEveryRouteAreDescribed(t *testing.T) {
	_, text, _ := strings.Cut(string(openAPI), "\n  description: |\n")
	text, _, _ = strings.Cut(text, "\nsecurity:")
	for _, status := range []string{"403", "405", "500", "501", "505", "400", "417", "431"} {
		if !strings.Contains(text, status) {
			t.Errorf("%s is not described", status)
		}
	}
	var doc struct {
		Paths map[string]map[string]struct{ Responses map[string]any }
	}
	if err := yaml.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/api/v1/check", "/api/v1/contacts/{key}/suppress", "/api/v1/contacts/{key}/allow", "/api/v1/contacts/{key}/merge"} {
		for _, status := range []string{"400", "413", "415"} {
			if doc.Paths[path]["post"].Responses[status] == nil {
				t.Errorf("%s: %s is not described", path, status)
			}
		}
	}
}
