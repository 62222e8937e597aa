package pages

var problemPage = parsed("problem.html")

// Problem makes a page that says why there is nothing to show.
func Problem(p Page, err error) ([]byte, error) {
	p.Urgent = true
	return render(problemPage, p, "Nothing to show", err.Error())
}
