package main

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// exact is the value of a JSON number: an integer as it is written, anything else as the float64 that it becomes
// (rule boxes.fractional). What is no number, or too large for a float64, is not ok.
func exact(value any) (*big.Rat, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return nil, false
	}
	double, err := strconv.ParseFloat(number.String(), 64)
	if err != nil {
		return nil, false
	}
	if !strings.ContainsAny(number.String(), ".eE") {
		return new(big.Rat).SetString(number.String())
	}
	return new(big.Rat).SetFloat64(double), true
}

// whole is the value of a JSON number that is an integer; neither true nor "1" is one.
func whole(value any) (*big.Int, bool) {
	number, ok := exact(value)
	if !ok || !number.IsInt() {
		return nil, false
	}
	return new(big.Int).Set(number.Num()), true
}

func rat(number int64) *big.Rat { return new(big.Rat).SetInt64(number) }

// floor rounds down: big.Int.Div does for a denominator above 0, where Quo would cut towards zero.
func floor(number *big.Rat) *big.Int { return new(big.Int).Div(number.Num(), number.Denom()) }

func ceil(number *big.Rat) *big.Int {
	down := floor(new(big.Rat).Neg(number))
	return down.Neg(down)
}
