package pages

// Login is what the login page shows.
type Login struct {
	Sentence string // what went wrong; empty for nothing
	Form     string // hidden token of the login form; empty for no form
	Again    bool   // the browser is to ask again
}

var loginPage = parsed("login.html")

// LogIn makes the login page. It says nothing about this winnow.
func LogIn(l Login) ([]byte, error) { return render(loginPage, Page{}, "", l) }
