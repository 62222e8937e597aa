package internal

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// unplain are the words and phrases that the README's style rules out, in
// comments, in sentences that people read, and in the documents, each with what to
// write instead.
var unplain = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`(?i)\bwho(m|se)?ever\b|\bwhom\b`), "name who it is: the caller, contacts, the reader"},
	{regexp.MustCompile(`(?i)(\bthere )?\b(is|are|was|were) no\b( \w+)?`), `"is not a" or "there is no"`},
	{regexp.MustCompile(`(?i)\bat once\b`), "immediately, or in one step"},
	{regexp.MustCompile(`(?i)\bfor good\b`), "permanently"},
	{regexp.MustCompile(`(?i)\bby hand\b`), "manual, manually"},
	{regexp.MustCompile(`(?i)\bcomes? again\b`), "retry, repeat"},
	{regexp.MustCompile(`(?i)\bhardly\b`), "probably not, almost no"},
	{regexp.MustCompile(`(?i)\bbr(ing|ings|inging|ought)\b`), "deliver, import, send, cause"},
	{regexp.MustCompile(`(?i)\btells? whether\b`), "reports whether"},
	{regexp.MustCompile(`(?i)\b(is|are|be|was|were) told\b|\btold of\b`), "reports, warns, logs, shows"},
}

// idiomatic matches the uses of "is no" that are plain English.
var idiomatic = regexp.MustCompile(`(?i)^there |\bno (longer|more|less|better|way|such|need)\b`)

// allowedTurn reports whether a match is idiomatic.
func allowedTurn(match string) bool {
	return idiomatic.MatchString(match)
}

func unplainIn(text string) (wrong []string) {
	for _, u := range unplain {
		for _, match := range u.pattern.FindAllString(text, -1) {
			if !allowedTurn(match) {
				wrong = append(wrong, strconv.Quote(strings.TrimSpace(match))+" is not plain English: write "+u.instead)
			}
		}
	}
	return wrong
}

func TestCommentsAndSentencesArePlainEnglish(t *testing.T) {
	enforce(t, plainEnglish, map[string]string{
		"store/a.go":            "package store\n\n// F tells whether it is there.\nfunc f() {}",
		"internal/command/b.go": `package command; var help = "Tell whoever asks."`,
		"hygiene/c.go":          `package hygiene; import "errors"; var err = errors.New("this is no phone number")`,
	})
}

// formats are the words of a file format, which stay as they are.
var formats = map[string]string{"internal/testfile": `"for good"`}

func plainEnglish(s *source) (wrong []string) {
	if s.dir() == "internal" {
		return nil // it names what it rules out
	}
	format := formats[s.dir()]
	defer func() {
		wrong = slices.DeleteFunc(wrong, func(w string) bool { return format != "" && strings.Contains(w, format) })
	}()
	for _, group := range s.tree.Comments {
		for _, w := range unplainIn(strings.Join(strings.Fields(group.Text()), " ")) {
			wrong = append(wrong, s.at(group)+w)
		}
	}
	if s.test() {
		return wrong
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		if text, err := strconv.Unquote(literal.Value); err == nil && strings.Contains(text, " ") {
			for _, w := range unplainIn(text) {
				wrong = append(wrong, s.at(n)+w)
			}
		}
		return true
	})
	return wrong
}

func TestDocumentsArePlainEnglish(t *testing.T) {
	pages, err := filepath.Glob("console/pages/*.html")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	for i, page := range pages {
		pages[i] = "internal/" + page
	}
	for _, name := range append(pages, "README.md", "CHANGELOG.md", "config.example.yaml", "Dockerfile", ".ci/run", "internal/console/openapi.yaml") {
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Error(err)
			continue
		}
		for i, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(line, "| ") && strings.Contains(line, " → ") {
				continue // the table of what to write instead
			}
			for _, w := range unplainIn(line) {
				t.Errorf("%s:%d: %s", name, i+1, w)
			}
		}
	}
}

// errorMakers are the functions whose first string is an error's sentence.
var errorMakers = map[string]bool{"errors.New": true, "fmt.Errorf": true, "ui.Usagef": true}

func TestErrorsBeginSmallAndEndWithoutAPeriod(t *testing.T) {
	enforce(t, errorForm, map[string]string{
		"store/a.go": `package store; import "errors"; var e = errors.New("The disk is full.")`,
		"store/b.go": `package store; import "fmt"; var e = fmt.Errorf("Open %s", "x")`,
	})
}

func errorForm(s *source) (wrong []string) {
	if s.test() {
		return nil
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		fun, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, _ := fun.X.(*ast.Ident)
		literal, _ := call.Args[0].(*ast.BasicLit)
		if pkg == nil || literal == nil || !errorMakers[pkg.Name+"."+fun.Sel.Name] {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil || text == "" {
			return true
		}
		if strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "…") {
			wrong = append(wrong, s.at(n)+"an error ends without a period, because others continue the sentence")
		}
		if first := strings.Fields(text + " x")[0]; first[0] >= 'A' && first[0] <= 'Z' && strings.ToUpper(first) != first {
			wrong = append(wrong, s.at(n)+"an error begins with a small letter, because others begin the sentence")
		}
		return true
	})
	return wrong
}
