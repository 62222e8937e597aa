package lint

import "winnow/internal/yamldoc"

// checkSecrets warns of secrets that are written in the file itself.
func (l *linter) checkSecrets(root *yamldoc.Entry) {
	for _, e := range root.LiteralSecrets() {
		l.warn(e, "this secret is written in the file itself, so it is in every copy of the file", `write "${NAME}" and set it in the environment, or name a file that holds it`)
	}
}
