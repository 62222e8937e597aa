package store

// InPlace is an error when the store's files were moved, removed or replaced since
// they were opened, so that what is written is lost. It reads nothing but names.
func (s *Store) InPlace() error { return s.engine.InPlace() }

// Healthy returns an error when the log can't be written now. The proof is the
// latest commit or, when that was some time ago, a new one that writes nothing
// but the present time. It is also an error when the store's files are no longer
// where they were opened.
func (s *Store) Healthy() error {
	if err := s.InPlace(); err != nil {
		return err
	}
	return s.appender.Healthy()
}
