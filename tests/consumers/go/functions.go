package main

import "encoding/hex"

// functions leads from the names in the vectors to ours. What a call could not read of its input is in in.err.
var functions = map[string]func(in *input) (any, error){
	"image_tokens": func(in *input) (any, error) {
		return imageTokens(in.side("width_px"), in.side("height_px"), in.optionalModel("model"),
			in.resolution("resolution"), in.text("basis", "InvalidInput", ""))
	},
	"tile_grid": func(in *input) (any, error) {
		return tileGrid(in.side("width_px"), in.side("height_px"), in.text("reading", "InvalidInput", "ceil"))
	},
	"patch_grid": func(in *input) (any, error) {
		return patchGrid(in.side("width_px"), in.side("height_px"), in.int64("budget"))
	},
	"video_frame_tokens": func(in *input) (any, error) {
		return videoFrameTokens(in.side("width_px"), in.side("height_px"), in.model("model"), in.resolution("resolution"))
	},
	"video_tokens": func(in *input) (any, error) {
		return videoTokens(in.side("width_px"), in.side("height_px"), in.model("model"), in.resolution("resolution"),
			in.amount("duration_s"), in.amount("fps", 1))
	},
	"audio_tokens": func(in *input) (any, error) { return audioTokens(in.amount("duration_s"), in.model("model")) },
	"pdf_page_tokens": func(in *input) (any, error) {
		return pdfPageTokens(in.side("width_pt"), in.side("height_pt"), in.model("model"), in.resolution("resolution"))
	},
	"pdf_modality": func(in *input) (any, error) { return pdfModality(in.model("model")) },
	"family_of":    func(in *input) (any, error) { return in.model("model").family, nil },
	"check_resolution": func(in *input) (any, error) {
		family, scope := in.text("family", "InvalidModel", ""), in.text("scope", "InvalidInput", "")
		level, err := checkResolution(family, in.resolution("level"), scope)
		if level == "" {
			return nil, err
		}
		return level, err
	},
	"to_pixels": func(in *input) (any, error) {
		return toPixels(in.place("box", 4), in.side("width_px"), in.side("height_px"))
	},
	"to_pixels_float": func(in *input) (any, error) {
		return toPixelsFloat(in.place("box", 4), in.side("width_px"), in.side("height_px"))
	},
	"to_norm": func(in *input) (any, error) {
		return toNorm(in.place("box", 4), in.side("width_px"), in.side("height_px"))
	},
	"point_to_pixels": func(in *input) (any, error) {
		return pointToPixels(in.place("point", 2), in.side("width_px"), in.side("height_px"))
	},
	"polygon_to_pixels": func(in *input) (any, error) {
		return polygonToPixels(in.places("polygon", 2), in.side("width_px"), in.side("height_px"))
	},
	"in_range": func(in *input) (any, error) { return inRange(in.place("box", 4)), nil },
	"clip": func(in *input) (any, error) {
		return clip(in.pixelBox("box"), in.side("width_px"), in.side("height_px"))
	},
	"sort_corners": func(in *input) (any, error) { return sortCorners(in.pixelBox("box")), nil },
	"to_displayed": func(in *input) (any, error) {
		return toDisplayed(in.pixelBox("box"), in.int64("orientation"), in.side("width_px"), in.side("height_px"))
	},
	"to_stored": func(in *input) (any, error) {
		return toStored(in.pixelBox("box"), in.int64("orientation"), in.side("width_px"), in.side("height_px"))
	},
	"check_image_count": func(in *input) (any, error) {
		reading := in.text("reading", "InvalidInput", "inclusive")
		return nil, checkImageCount(in.whole("count"), in.optionalModel("model"), reading)
	},
	"check_inline_size": func(in *input) (any, error) {
		return nil, checkInlineSize(in.whole("size_bytes"), in.text("reading", "InvalidInput", "20-mib"))
	},
	"check_pdf": func(in *input) (any, error) {
		return nil, checkPdf(in.whole("size_bytes"), in.whole("pages", 0))
	},
	"check_url_input": func(in *input) (any, error) {
		mimeType := in.text("mime_type", "UnsupportedMedia", "")
		return nil, checkURLInput(in.whole("size_bytes"), in.optionalModel("model"), mimeType)
	},
	"check_file_size":    func(in *input) (any, error) { return nil, checkFileSize(in.whole("size_bytes")) },
	"check_project_size": func(in *input) (any, error) { return nil, checkProjectSize(in.whole("size_bytes")) },
	"check_file_id":      func(in *input) (any, error) { return nil, checkFileID(in.text("file_id", "InvalidInput")) },
	"check_display_name": func(in *input) (any, error) { return nil, checkDisplayName(in.text("name", "InvalidInput")) },
	"expiration_s":       func(in *input) (any, error) { return expirationS(in.int64("created_s")), nil },
	"page_size":          func(in *input) (any, error) { return pageSize(in.whole("requested", 0)) },
	"check_declared":     func(in *input) (any, error) { return checkDeclared(in.text("mime_type", "UnsupportedMedia")) },
	"sniff": func(in *input) (any, error) {
		if mimeType := sniff(in.base64("base64")); mimeType != "" {
			return mimeType, nil
		}
		return nil, nil
	},
	"decode_base64": func(in *input) (any, error) {
		data, err := decodeBase64(in.text("text", "InvalidMedia"))
		return map[string]string{"hex": hex.EncodeToString(data)}, err
	},
	"sse.decode": func(in *input) (any, error) { return decodeEvents(in.text("text", "InvalidInput")), nil },
}
