package main

import (
	"encoding/base64"
	"math"
	"math/big"
)

// input is what a case gives, by name, and the first refusal of something in it. Go's types cannot hold `true` for
// a width: the vectors with such values are decided here, where JSON becomes Go. What could not be read is zero.
type input struct {
	values map[string]any
	err    error
}

func (in *input) refuse(kind, name string) {
	if in.err == nil {
		in.err = refuse(kind, "%s is %.80v", name, in.values[name])
	}
}

func (in *input) side(name string) uint32 {
	number, ok := whole(in.values[name])
	if !ok || number.Sign() <= 0 || number.Cmp(big.NewInt(math.MaxUint32)) > 0 {
		in.refuse("InvalidSize", name)
		return 0
	}
	return uint32(number.Uint64())
}

// text is a string. Here and below, a fallback stands for what is null or missing.
func (in *input) text(name, kind string, fallback ...string) string {
	if in.values[name] == nil && len(fallback) > 0 {
		return fallback[0]
	}
	text, ok := in.values[name].(string)
	if !ok {
		in.refuse(kind, name)
	}
	return text
}

func (in *input) model(name string) model {
	found, err := parseModel(in.text(name, "InvalidModel"))
	if in.err == nil {
		in.err = err
	}
	return found
}

func (in *input) optionalModel(name string) model {
	if in.values[name] == nil {
		return model{}
	}
	return in.model(name)
}

func (in *input) resolution(name string) string {
	return in.text(name, "InvalidResolution", "unspecified")
}

func (in *input) whole(name string, fallback ...int64) *big.Int {
	if in.values[name] == nil && len(fallback) > 0 {
		return big.NewInt(fallback[0])
	}
	number, ok := whole(in.values[name])
	if !ok {
		in.refuse("InvalidInput", name)
		return new(big.Int)
	}
	return number
}

func (in *input) int64(name string) int64 {
	number := in.whole(name)
	if !number.IsInt64() {
		in.refuse("InvalidInput", name)
	}
	return number.Int64()
}

// amount is a number of seconds, or of frames a second.
func (in *input) amount(name string, fallback ...int64) *big.Rat {
	if in.values[name] == nil && len(fallback) > 0 {
		return rat(fallback[0])
	}
	number, ok := exact(in.values[name])
	if !ok || number.Sign() < 0 {
		in.refuse("InvalidSize", name)
		return new(big.Rat)
	}
	return number
}

// place is a JSON array of exactly `count` finite numbers (rule boxes.not-numbers).
func (in *input) place(name string, count int) place { return in.numbers(name, in.values[name], count) }

func (in *input) places(name string, count int) []place {
	list, ok := in.values[name].([]any)
	if !ok {
		in.refuse("InvalidBox", name)
	}
	found := make([]place, len(list))
	for i, one := range list {
		found[i] = in.numbers(name, one, count)
	}
	return found
}

func (in *input) numbers(name string, value any, count int) place {
	found := make(place, count)
	for i := range found {
		found[i] = new(big.Rat)
	}
	list, ok := value.([]any)
	if !ok || len(list) != count {
		in.refuse("InvalidBox", name)
		return found
	}
	for i, one := range list {
		if number, ok := exact(one); ok {
			found[i] = number
		} else {
			in.refuse("InvalidBox", name)
		}
	}
	return found
}

func (in *input) pixelBox(name string) pixelBox {
	var box pixelBox
	for i, pixel := range in.place(name, 4) {
		if !pixel.IsInt() || !pixel.Num().IsInt64() {
			in.refuse("InvalidBox", name)
		}
		box[i] = pixel.Num().Int64()
	}
	return box
}

func (in *input) base64(name string) []byte {
	data, err := base64.StdEncoding.DecodeString(in.text(name, "InvalidInput"))
	if in.err == nil {
		in.err = err
	}
	return data
}
