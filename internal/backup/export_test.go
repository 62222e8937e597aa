package backup

// SetBeforeStep replaces what is called before each step.
func SetBeforeStep(do func(step string)) { beforeStep = do }
