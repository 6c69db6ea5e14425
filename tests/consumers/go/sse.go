package main

import "strings"

type event struct {
	Data  string `json:"data"`
	Event string `json:"event"`
	ID    string `json:"id"`
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// decodeEvents turns a whole event stream into its events: the rules of spec/rules/sse.json.
func decodeEvents(text string) []event {
	events := []event{}
	var data []string
	kind, id := "", "" // the id stays from one event to the next
	text = lineEnds.Replace(strings.TrimPrefix(text, "\ufeff"))
	// One more blank line: the stream may end without it (rule sse.unended-event).
	for _, line := range append(strings.Split(text, "\n"), "") {
		if line == "" {
			if data != nil {
				if kind == "" {
					kind = "message"
				}
				events = append(events, event{strings.Join(data, "\n"), kind, id})
			}
			data, kind = nil, ""
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case field == "data":
			data = append(data, value)
		case field == "event":
			kind = value
		case field == "id" && !strings.Contains(value, "\x00"):
			id = value
		}
	}
	return events
}
