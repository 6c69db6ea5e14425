// Runs the vectors of spec/vectors against an implementation that knows only spec/: rule texts and vectors.
//
//	go run . [FOLDER OF VECTORS]
//
// One line a file: how many cases passed, were noted (acceptable, and another reading than the chosen one) or
// failed. A function that does not stand in functions.go is said to be not implemented. Exit 1 on a failure.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

type vectorFile struct {
	Function string
	Cases    []vector
}

type vector struct {
	ID, Rule, Result string
	Input            map[string]any
	Expected         any
}

// outcome is what became of a case: "passed", "noted" or "failed".
type outcome string

func main() {
	folder := filepath.Join("..", "..", "..", "spec", "vectors")
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	total, err := consume(folder)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("in all: %d passed, %d noted, %d failed\n", total["passed"], total["noted"], total["failed"])
	if total["failed"] > 0 {
		os.Exit(1)
	}
}

func consume(folder string) (map[outcome]int, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	total := map[outcome]int{}
	for _, path := range paths {
		var file vectorFile
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if err := decodeJSON(data, &file); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		counts, err := consumeFile(filepath.Base(path), file)
		if err != nil {
			return nil, err
		}
		for outcome, count := range counts {
			total[outcome] += count
		}
	}
	if len(total) == 0 {
		return nil, fmt.Errorf("no case was judged in %s", folder)
	}
	return total, nil
}

func consumeFile(name string, file vectorFile) (map[outcome]int, error) {
	function, ok := functions[file.Function]
	if !ok {
		fmt.Printf("%-26s%-20s not implemented here (%d cases)\n", name, file.Function, len(file.Cases))
		return nil, nil
	}
	counts := map[outcome]int{}
	var remarks bytes.Buffer
	for _, test := range file.Cases {
		if !slices.Contains([]string{"valid", "invalid", "acceptable"}, test.Result) {
			return nil, fmt.Errorf("%s: %s: no result is called %q", name, test.ID, test.Result)
		}
		output, kind, err := call(function, test.Input)
		if err != nil {
			return nil, fmt.Errorf("%s: %s %s: %w", name, test.Rule, test.ID, err)
		}
		outcome := judge(test, output, kind)
		counts[outcome]++
		if outcome != "passed" {
			fmt.Fprintf(&remarks, "  %s: %s %s: expected %s, got %s\n", outcome, test.Rule, test.ID,
				show(test.Expected), kind+show(output))
		}
	}
	fmt.Printf("%-26s%-20s %4d passed %4d noted %4d failed\n%s", name, file.Function,
		counts["passed"], counts["noted"], counts["failed"], remarks.String())
	return counts, nil
}

// judge is the twelve lines of spec/README.md; kind is "" where the function gave a value.
func judge(test vector, output any, kind string) outcome {
	if test.Result == "invalid" {
		expected, ok := test.Expected.(map[string]any)
		if ok && kind != "" && expected["error"] == kind {
			return "passed"
		}
		return "failed"
	}
	if kind == "" && same(output, test.Expected) {
		return "passed"
	}
	if test.Result == "acceptable" {
		return "noted"
	}
	return "failed"
}

// call gives the output as JSON has it, or the kind of the refusal. Any other error is a fault of ours.
func call(function func(*input) (any, error), values map[string]any) (output any, kind string, err error) {
	in := &input{values: values}
	value, err := function(in)
	if in.err != nil {
		err = in.err
	}
	var refusal *refused
	if errors.As(err, &refusal) {
		return nil, refusal.kind, nil
	}
	if err != nil {
		return nil, "", err
	}
	data, err := json.Marshal(value)
	if err == nil {
		err = decodeJSON(data, &output)
	}
	return output, "", err
}

// Numbers stay as they are written: a float64 would round an integer past 2^53.
func decodeJSON(data []byte, target any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return decoder.Decode(target)
}

// same compares two JSON values: 1 equals 1.0, and the order of the keys does not count.
func same(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		left, ok := exact(a)
		right, also := exact(b)
		return ok && also && left.Cmp(right) == 0
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !same(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key := range a {
			if value, ok := b[key]; !ok || !same(a[key], value) {
				return false
			}
		}
		return true
	}
	return a == b
}

func show(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
