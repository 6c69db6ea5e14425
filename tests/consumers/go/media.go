package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
)

var supportedTypes = []string{"image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"}

// checkDeclared gives the supported type that is named (rule media.declared-type), without case and parameters.
func checkDeclared(mimeType string) (string, error) {
	name, _, _ := strings.Cut(mimeType, ";")
	name = strings.ToLower(strings.TrimSpace(name))
	if !slices.Contains(supportedTypes, name) {
		return "", refuse("UnsupportedMedia", "Unsupported MIME type: %.80s", mimeType)
	}
	return name, nil
}

// One alphabet; and no blanks, as line breaks that `base64` wraps its output with.
var plainBase64 = strings.NewReplacer(
	"-", "+", "_", "/", " ", "", "\t", "", "\n", "", "\v", "", "\f", "", "\r", "",
)

// decodeBase64 is rule media.inline-base64: either alphabet, any padding.
func decodeBase64(text string) ([]byte, error) {
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(plainBase64.Replace(text), "="))
	if err != nil {
		return nil, refuse("InvalidMedia", "%s", err)
	}
	return data, nil
}

// The type that a brand of an ISO media file names (rule media.heif-brand).
var typeOfBrand = map[string]string{
	"heic": "image/heic", "heix": "image/heic", "heim": "image/heic", "heis": "image/heic",
	"hevc": "image/heic", "hevx": "image/heic", "hevm": "image/heic", "hevs": "image/heic",
	"avif": "image/avif", "avis": "image/avif",
	"mif1": "image/heif", "mif2": "image/heif", "msf1": "image/heif",
	"avci": "image/avci", "avcs": "image/avci", "crx ": "image/x-canon-cr3",
	"isom": "video/mp4", "iso2": "video/mp4", "iso5": "video/mp4", "iso6": "video/mp4", "mp41": "video/mp4",
	"mp42": "video/mp4", "avc1": "video/mp4", "dash": "video/mp4", "M4V ": "video/mp4", "MSNV": "video/mp4",
	"3gp4": "video/3gpp", "3gp5": "video/3gpp", "3gp6": "video/3gpp", "qt  ": "video/quicktime",
}

func sniffISOMedia(data []byte) string {
	end := min(uint64(binary.BigEndian.Uint32(data)), uint64(len(data)))
	major := ""
	if len(data) >= 12 {
		major = typeOfBrand[string(data[8:12])]
	}
	found := []string{major}
	for at := uint64(16); at+4 <= end; at += 4 { // between the brands there are 4 bytes of version
		found = append(found, typeOfBrand[string(data[at:at+4])])
	}
	if major == "image/heif" && slices.Contains(found, "image/avif") && !slices.Contains(found, "image/heic") {
		return "image/avif" // AV1 is the only codec named
	}
	for _, mimeType := range found {
		if mimeType != "" {
			return mimeType
		}
	}
	return ""
}

var signatures = []struct{ mimeType, prefix string }{
	{"image/png", "\x89PNG"},
	{"image/jpeg", "\xff\xd8\xff"},
	{"image/gif", "GIF87a"},
	{"image/gif", "GIF89a"},
	{"image/tiff", "II*\x00"},
	{"image/tiff", "MM\x00*"},
	{"image/tiff", "II+\x00"}, // BigTIFF
	{"image/tiff", "MM\x00+"},
	{"image/jxl", "\xff\x0a"},
	{"image/jxl", "\x00\x00\x00\x0cJXL \r\n\x87\n"},
	{"image/jp2", "\x00\x00\x00\x0cjP  \r\n\x87\n"},
	{"image/j2c", "\xff\x4f\xff\x51"},
	{"image/vnd.microsoft.icon", "\x00\x00\x01\x00"},
	{"image/vnd.adobe.photoshop", "8BPS"},
	{"application/pdf", "%PDF-"},
}

var bmpHeadersBytes = []uint32{12, 16, 40, 52, 56, 64, 108, 124}

// sniff gives the MIME type by the first bytes (rule media.sniff), "" for none that is known.
func sniff(data []byte) string {
	if len(data) >= 8 && string(data[4:8]) == "ftyp" {
		return sniffISOMedia(data) // before the icon, whose bytes a size may have
	}
	for _, signature := range signatures {
		if bytes.HasPrefix(data, []byte(signature.prefix)) {
			return signature.mimeType
		}
	}
	if len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "AVI " {
		return "video/x-msvideo"
	}
	if len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP" {
		return "image/webp"
	}
	if len(data) >= 18 && string(data[:2]) == "BM" &&
		slices.Contains(bmpHeadersBytes, binary.LittleEndian.Uint32(data[14:])) {
		return "image/bmp" // "BM" alone may begin a text
	}
	text := bytes.TrimPrefix(data[:min(len(data), 1024)], []byte("\xef\xbb\xbf"))
	text = bytes.ToLower(bytes.TrimLeft(text, " \t\r\n"))
	begins := func(with string) bool { return bytes.HasPrefix(text, []byte(with)) }
	switch {
	case begins("<!doctype html") || begins("<html"):
		return "text/html"
	case begins("<") && bytes.Contains(text, []byte("<svg")):
		return "image/svg+xml"
	}
	return ""
}
