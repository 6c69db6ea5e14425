package main

import (
	"math/big"
	"regexp"
	"slices"
	"unicode/utf8"
)

const (
	mib = 1 << 20
	gib = 1 << 30
)

func checkAtMost(number *big.Int, maximum int64, what string) error {
	if number.Sign() < 0 {
		return refuse("InvalidInput", "%s is no number of %s", number, what)
	}
	if number.Cmp(big.NewInt(maximum)) > 0 {
		return refuse("LimitExceeded", "%s %s, at most %d", number, what, maximum)
	}
	return nil
}

func ofReading(readings map[string]int64, reading string) (int64, error) {
	maximum, ok := readings[reading]
	if !ok {
		return 0, refuse("InvalidInput", "no reading is called %.80q", reading)
	}
	return maximum, nil
}

func checkImageCount(count *big.Int, of model, reading string) error {
	maximum, err := ofReading(map[string]int64{"inclusive": 3600, "strict": 3599}, reading)
	if err != nil {
		return err
	}
	if of.family == "1.0" {
		maximum = 16
	}
	return checkAtMost(count, maximum, "images")
}

func checkInlineSize(size *big.Int, reading string) error {
	readings := map[string]int64{"20-mib": 20 * mib, "20-mb": 20e6, "100-mib": 100 * mib, "4-mib": 4 * mib}
	maximum, err := ofReading(readings, reading)
	if err != nil {
		return err
	}
	return checkAtMost(size, maximum, "bytes of a request with inline data")
}

func checkPdf(size, pages *big.Int) error {
	if err := checkAtMost(size, 50*mib, "bytes of a PDF"); err != nil {
		return err
	}
	return checkAtMost(pages, 1000, "pages of a PDF")
}

var fetchedTypes = []string{"image/bmp", "image/jpeg", "image/png", "image/webp"}

// checkURLInput takes "" for a MIME type that is not known yet.
func checkURLInput(size *big.Int, of model, mimeType string) error {
	if of.family == "2.0" {
		return refuse("InvalidInput", "%s takes no URLs", of.name)
	}
	if mimeType != "" && !slices.Contains(fetchedTypes, mimeType) {
		return refuse("UnsupportedMedia", "%.80q is not fetched from a URL", mimeType)
	}
	return checkAtMost(size, 100*mib, "bytes behind URLs")
}

func checkFileSize(size *big.Int) error    { return checkAtMost(size, 2*gib, "bytes of a file") }
func checkProjectSize(size *big.Int) error { return checkAtMost(size, 20*gib, "bytes of a project") }

func expirationS(created int64) int64 { return created + 48*3600 }

// pageSize takes 0 for no wish; more than the maximum is lowered to it.
func pageSize(requested *big.Int) (int64, error) {
	switch {
	case requested.Sign() < 0:
		return 0, refuse("InvalidInput", "%s is no number of files", requested)
	case requested.Sign() == 0:
		return 10, nil
	case requested.Cmp(big.NewInt(100)) > 0:
		return 100, nil
	}
	return requested.Int64(), nil
}

var fileID = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$`)

func checkFileID(id string) error {
	if length := utf8.RuneCountInString(id); length > 40 {
		return refuse("LimitExceeded", "%d characters, at most 40", length)
	}
	if !fileID.MatchString(id) {
		return refuse("InvalidInput", "%.80q is no id of a file", id)
	}
	return nil
}

// checkDisplayName counts code points, as the chosen reading of limits.display-name does.
func checkDisplayName(name string) error {
	if length := utf8.RuneCountInString(name); length > 512 {
		return refuse("LimitExceeded", "%d characters, at most 512", length)
	}
	return nil
}
