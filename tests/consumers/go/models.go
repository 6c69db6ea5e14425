package main

import (
	"regexp"
	"slices"
	"strings"
)

// model is a model name without the path before it, and its family; the zero value is no model at all.
type model struct{ name, family string }

func (m model) is2x() bool   { return m.family == "2.0" || m.family == "2.5" }
func (m model) is3or4() bool { return m.family == "3" || m.family == "4" }

var (
	modelPath = regexp.MustCompile(`^(?:models/|(?:projects/[^/]+/locations/[^/]+/)?publishers/google/models/)`)
	versioned = regexp.MustCompile(`^gemini-(?:live-)?([0-9]+)(?:\.([0-9]+))?(?:[-@][\w.@-]*)?$`)
	openModel = regexp.MustCompile(`^(gemma-4|lyria-3)(?:-[\w.-]*)?$`)
)

// The empty one is that of no model.
var families = []string{"", "1.0", "1.5", "2.0", "2.5", "3", "4", "gemma-4", "lyria-3"}

// Rule tokens.family-alias.
var aliases = map[string]string{
	"gemini-flash-latest":                    "3",
	"gemini-flash-lite-latest":               "3",
	"gemini-pro-latest":                      "3",
	"gemini-nano-banana-2.1":                 "3",
	"nano-banana-pro-preview":                "3",
	"gemini-robotics-er-1.6-preview":         "3",
	"gemini-robotics-er-2-preview":           "3",
	"gemini-robotics-er-2-streaming-preview": "3",
	"gemini-robotics-er-1.5-preview":         "2.5",
	"gemini-pro":                             "1.0",
	"gemini-pro-vision":                      "1.0",
}

// parseModel finds the family of a model name (rule tokens.family).
func parseModel(given string) (model, error) {
	name := modelPath.ReplaceAllString(given, "")
	if family, ok := aliases[name]; ok {
		return model{name, family}, nil
	}
	if found := openModel.FindStringSubmatch(name); found != nil {
		return model{name, found[1]}, nil
	}
	if found := versioned.FindStringSubmatch(name); found != nil {
		major, minor := found[1], found[2]
		if major == "3" || major == "4" {
			return model{name, major}, nil
		}
		if family := major + "." + minor; slices.Contains([]string{"1.0", "1.5", "2.0", "2.5"}, family) {
			return model{name, family}, nil
		}
	}
	return model{}, refuse("InvalidModel", "%.80q is of no known family", given)
}

// checkResolution gives the level in lower case, "" for unspecified (rules tokens.resolution-...).
// A scope is "part", "request", or "" for either.
func checkResolution(family, given, scope string) (string, error) {
	level := strings.TrimPrefix(strings.ToLower(given), "media_resolution_")
	no := func(why string) (string, error) {
		return "", refuse("InvalidResolution", "%.80q on family %q: %s", given, family, why)
	}
	of := model{family: family}
	switch {
	case !slices.Contains(families, family):
		return "", refuse("InvalidModel", "%.80q is no family", family)
	case !slices.Contains([]string{"", "part", "request"}, scope):
		return "", refuse("InvalidInput", "%.80q is no scope", scope)
	case !slices.Contains([]string{"unspecified", "low", "medium", "high", "ultra_high"}, level):
		return no("no such level")
	case level == "unspecified":
		return "", nil
	case family == "":
		return no("without a model the word has no number")
	case !of.is2x() && !of.is3or4():
		return no("this family has no media resolution")
	case level == "ultra_high" && !of.is3or4():
		return no("ultra_high is of Gemini 3 and 4")
	case level == "ultra_high" && scope == "request":
		return no("ultra_high is for one part, not for a request")
	case scope == "part" && !of.is3or4():
		return no("a resolution for one part is of Gemini 3 and 4")
	}
	return level, nil
}
