package sources

import (
	"errors"
	"fmt"

	"winnow/internal/presets"
	"winnow/internal/ui"
	"winnow/internal/yamldoc"
)

// tested is what trying files prints as JSON.
type tested struct {
	Passed   int               `json:"passed"`
	Failed   int               `json:"failed"`
	Examples []example         `json:"examples"`
	Problems []yamldoc.Problem `json:"problems"`
}

type example struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Name     string   `json:"name,omitempty"`
	Passed   bool     `json:"passed"`
	Failures []string `json:"failures"`
}

// Test tries the examples of files, and prints which are not read as they say.
func Test(out *ui.Printer, files []string) error {
	did := tested{Examples: []example{}, Problems: []yamldoc.Problem{}}
	var failed error
	for _, file := range files {
		t, err := presets.LoadTest(file)
		var problems *yamldoc.Problems
		switch {
		case errors.As(err, &problems) && out.JSON:
			did.Problems = append(did.Problems, problems.List...)
			failed = ui.ErrReported
			continue
		case err != nil:
			failed = errors.Join(failed, err)
			continue
		}
		for i := range t.Examples {
			x := &t.Examples[i]
			one := example{File: file, Line: x.Line, Name: x.Name, Failures: append([]string{}, x.Try(t.Format, t.Contact, t.Region, t.Account)...)}
			if one.Passed = len(one.Failures) == 0; one.Passed {
				did.Passed++
			} else {
				did.Failed++
			}
			did.Examples = append(did.Examples, one)
		}
	}
	if failed != nil && !out.JSON {
		return failed
	}
	if err := did.print(out); err != nil {
		return err
	}
	if did.Failed > 0 {
		return ui.ErrReported
	}
	return failed
}

func (did *tested) print(out *ui.Printer) error {
	if out.JSON {
		return out.PrintJSON(did)
	}
	for _, x := range did.Examples {
		for _, failure := range x.Failures {
			fmt.Fprintf(out.Stdout, "%s:%d: %s%s\n", x.File, x.Line, named(x.Name), failure)
		}
	}
	_, err := fmt.Fprintf(out.Stdout, "%s as expected, %s not\n", ui.CountVerb(int64(did.Passed), "example", "is", "are"), ui.Number(int64(did.Failed)))
	return err
}

// named is the name of an example before what is said of it.
func named(name string) string {
	if name == "" {
		return ""
	}
	return name + ": "
}
