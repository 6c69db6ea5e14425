package main

import "fmt"

// refused is the error for an input that breaks a rule; kind is a name of the table in spec/README.md.
type refused struct{ kind, message string }

func (r *refused) Error() string { return r.kind + ": " + r.message }

func refuse(kind, format string, args ...any) error {
	return &refused{kind, fmt.Sprintf(format, args...)}
}
