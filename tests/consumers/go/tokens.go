package main

import (
	"math/big"
	"slices"
)

const (
	tileTokens = 258
	smallPx    = 384
)

// A side is 1 to 2^32-1 px (rule tokens.size), so it is a uint32 and only 0 is left to refuse.
func checkSize(width, height uint32) error {
	if width == 0 || height == 0 {
		return refuse("InvalidSize", "no image is %d x %d", width, height)
	}
	return nil
}

type tiles struct {
	Columns int64  `json:"columns"`
	Rows    int64  `json:"rows"`
	Tiles   int64  `json:"tiles"`
	UnitPx  *int64 `json:"unit_px"`
}

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }

// tileGrid is rule tokens.tile-count and the other readings of it. No product here reaches 2^36.
func tileGrid(width, height uint32, reading string) (tiles, error) {
	if err := checkSize(width, height); err != nil {
		return tiles{}, err
	}
	short := int64(min(width, height))
	unit := max(1, 2*short/3)
	count := func(side int64) int64 { return ceilDiv(side, unit) }
	more := int64(0)
	switch reading {
	case "ceil":
	case "round":
		count = func(side int64) int64 { return (2*side + unit) / (2 * unit) }
	case "floor":
		count = func(side int64) int64 { return side / unit }
	case "exact":
		count = func(side int64) int64 { return ceilDiv(3*side, 2*short) }
	case "clamp":
		unit = min(768, max(256, unit))
	case "overview":
		more = 1
	case "grid-768":
		unit = 768
	default:
		return tiles{}, refuse("InvalidInput", "no reading is called %.80q", reading)
	}
	if width <= smallPx && height <= smallPx {
		return tiles{Columns: 1, Rows: 1, Tiles: 1}, nil
	}
	columns, rows := count(int64(width)), count(int64(height))
	return tiles{columns, rows, columns*rows + more, &unit}, nil
}

type patches struct {
	Columns int64 `json:"columns"`
	Rows    int64 `json:"rows"`
}

// patchGrid is rule tokens.patch-grid with -tie and -thin. A budget times a side may be past 64 bits.
func patchGrid(width, height uint32, budget int64) (patches, error) {
	if err := checkSize(width, height); err != nil {
		return patches{}, err
	}
	if budget < 1 {
		return patches{}, refuse("InvalidInput", "%d is no budget", budget)
	}
	along := func(a, b uint32) int64 {
		area := big.NewInt(budget)
		area.Mul(area, big.NewInt(int64(a)))
		area.Div(area, big.NewInt(int64(b)))
		return area.Sqrt(area).Int64()
	}
	columns, rows := along(width, height), along(height, width)
	switch {
	case columns == 0:
		return patches{1, budget}, nil
	case rows == 0:
		return patches{budget, 1}, nil
	}
	return patches{columns, rows}, nil
}

func patchTokens(width, height uint32, budget int64) (int64, error) {
	grid, err := patchGrid(width, height, budget)
	return grid.Columns * grid.Rows, err
}

var budgets = map[string]int64{"low": 280, "medium": 560, "": 1120, "high": 1120, "ultra_high": 2240}

// Rule tokens.budget-image-preview: these read an image at medium unless told otherwise.
var previews = []string{
	"gemini-3-pro-image-preview", "gemini-3.1-flash-image-preview", "nano-banana-pro-preview",
}

func imageBudget(of model, level string) int64 {
	switch {
	case of.family == "gemma-4":
		return 280
	case level == "" && slices.Contains(previews, of.name):
		return budgets["medium"]
	}
	return budgets[level]
}

// imageTokens counts by the basis "documented", "observed", or "" for the default of the family
// (rule tokens.basis-default). A resolution is "unspecified" where none is set.
func imageTokens(width, height uint32, of model, resolution, basis string) (int64, error) {
	if err := checkSize(width, height); err != nil {
		return 0, err
	}
	level, err := checkResolution(of.family, resolution, "")
	if err != nil {
		return 0, err
	}
	byTiles := func() (int64, error) {
		reading := "ceil"
		if of.family == "1.5" {
			reading = "clamp"
		}
		grid, err := tileGrid(width, height, reading)
		return tileTokens * grid.Tiles, err
	}
	switch basis {
	case "documented":
		if level != "" && !(level == "high" && of.is2x()) {
			return 0, refuse("InvalidResolution", "no document gives a number for %s", level)
		}
		return byTiles()
	case "", "observed":
	default:
		return 0, refuse("InvalidInput", "no basis is called %.80q", basis)
	}
	switch {
	case of.is3or4() || of.family == "gemma-4":
		return patchTokens(width, height, imageBudget(of, level))
	case level == "low":
		return 66, nil
	case level == "medium" || basis == "observed" || of.family == "1.0" || of.family == "lyria-3":
		return tileTokens, nil
	}
	return byTiles()
}

// videoFrameTokens is rules tokens.video-frame-2x and -3x.
func videoFrameTokens(width, height uint32, of model, resolution string) (int64, error) {
	if err := checkSize(width, height); err != nil {
		return 0, err
	}
	level, err := checkResolution(of.family, resolution, "")
	switch {
	case err != nil:
		return 0, err
	case level == "ultra_high":
		return 0, refuse("InvalidResolution", "ultra_high does not exist for video")
	case of.is2x() && level == "low":
		return 66, nil
	case of.is2x():
		return 258, nil
	case of.is3or4() && level == "high":
		return patchTokens(width, height, 280)
	case of.is3or4():
		return patchTokens(width, height, 70)
	}
	return 0, refuse("InvalidModel", "no source counts video for %.80q", of.name)
}

// videoTokens is rule tokens.video-total.
func videoTokens(width, height uint32, of model, resolution string, seconds, fps *big.Rat) (*big.Int, error) {
	frame, err := videoFrameTokens(width, height, of, resolution)
	if err != nil {
		return nil, err
	}
	frames := new(big.Rat).Mul(seconds, fps)
	return ceil(frames.Mul(frames, rat(frame))), nil
}

// audioTokens is rule tokens.audio-rate.
func audioTokens(seconds *big.Rat, of model) (*big.Int, error) {
	switch {
	case of.is3or4():
		return ceil(new(big.Rat).Mul(seconds, rat(25))), nil
	case of.is2x():
		return ceil(new(big.Rat).Mul(seconds, rat(32))), nil
	}
	return nil, refuse("InvalidModel", "no source counts sound for %.80q", of.name)
}

// pdfPageTokens is rules tokens.pdf-page-2x and -3x; only the ratio of the sides counts, whatever their unit.
func pdfPageTokens(width, height uint32, of model, resolution string) (int64, error) {
	if err := checkSize(width, height); err != nil {
		return 0, err
	}
	level, err := checkResolution(of.family, resolution, "")
	switch {
	case err != nil:
		return 0, err
	case level == "ultra_high":
		return 0, refuse("InvalidResolution", "ultra_high does not exist for pages")
	case of.is2x() && level == "low":
		return 66, nil
	case of.is2x() || of.family == "1.5":
		return 258, nil
	case of.is3or4() && level == "":
		return patchTokens(width, height, budgets["medium"])
	case of.is3or4():
		return patchTokens(width, height, budgets[level])
	}
	return 0, refuse("InvalidModel", "no source counts pages for %.80q", of.name)
}

// pdfModality is rule tokens.pdf-modality.
func pdfModality(of model) (string, error) {
	switch {
	case of.is3or4():
		return "IMAGE", nil
	case of.is2x():
		return "DOCUMENT", nil
	}
	return "", refuse("InvalidModel", "no source names the modality for %.80q", of.name)
}
