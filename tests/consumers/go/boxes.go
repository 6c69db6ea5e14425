package main

import "math/big"

// A box of a model begins with y, [ymin, xmin, ymax, xmax], in 0..1000; a box in pixels with x, [x0, y0, x1, y1].
type (
	pixelBox [4]int64
	// place has as many coordinates as its rule demands: four in a box, two in a point.
	place []*big.Rat
)

func scaled(coordinate *big.Rat, side uint32) *big.Int {
	product := new(big.Rat).Mul(coordinate, rat(int64(side)))
	return floor(product.Quo(product, rat(1000)))
}

// toPixels is rule boxes.to-pixels.
func toPixels(box place, width, height uint32) ([]*big.Int, error) {
	if err := checkSize(width, height); err != nil {
		return nil, err
	}
	ymin, xmin, ymax, xmax := box[0], box[1], box[2], box[3]
	return []*big.Int{scaled(xmin, width), scaled(ymin, height), scaled(xmax, width), scaled(ymax, height)}, nil
}

// toPixelsFloat is rule boxes.to-pixels-float: the sample code of the documents, with its two roundings.
func toPixelsFloat(box place, width, height uint32) ([]*big.Int, error) {
	if err := checkSize(width, height); err != nil {
		return nil, err
	}
	cut := func(coordinate *big.Rat, side uint32) *big.Int {
		double, _ := coordinate.Float64()
		cut, _ := big.NewFloat(double / 1000 * float64(side)).Int(nil)
		return cut
	}
	ymin, xmin, ymax, xmax := box[0], box[1], box[2], box[3]
	return []*big.Int{cut(xmin, width), cut(ymin, height), cut(xmax, width), cut(ymax, height)}, nil
}

// toNorm is rule boxes.to-norm; its box is in pixels.
func toNorm(box place, width, height uint32) ([]*big.Int, error) {
	if err := checkSize(width, height); err != nil {
		return nil, err
	}
	norm := func(pixel *big.Rat, side uint32) *big.Int {
		product := new(big.Rat).Mul(pixel, rat(1000))
		return ceil(product.Quo(product, rat(int64(side))))
	}
	x0, y0, x1, y1 := box[0], box[1], box[2], box[3]
	return []*big.Int{norm(y0, height), norm(x0, width), norm(y1, height), norm(x1, width)}, nil
}

// pointToPixels is rule boxes.point: [y, x] becomes [x, y].
func pointToPixels(point place, width, height uint32) ([]*big.Int, error) {
	if err := checkSize(width, height); err != nil {
		return nil, err
	}
	return []*big.Int{scaled(point[1], width), scaled(point[0], height)}, nil
}

// polygonToPixels is rule boxes.polygon: [x, y] stays [x, y].
func polygonToPixels(polygon []place, width, height uint32) ([][]*big.Int, error) {
	if err := checkSize(width, height); err != nil {
		return nil, err
	}
	if len(polygon) < 3 {
		return nil, refuse("InvalidBox", "%d corners are no polygon", len(polygon))
	}
	corners := make([][]*big.Int, len(polygon))
	for i, corner := range polygon {
		corners[i] = []*big.Int{scaled(corner[0], width), scaled(corner[1], height)}
	}
	return corners, nil
}

// inRange is rule boxes.range.
func inRange(box place) bool {
	for _, coordinate := range box {
		if coordinate.Sign() < 0 || coordinate.Cmp(rat(1000)) > 0 {
			return false
		}
	}
	return true
}

// clip is rule boxes.clip.
func clip(box pixelBox, width, height uint32) (pixelBox, error) {
	if err := checkSize(width, height); err != nil {
		return box, err
	}
	held := func(pixel int64, side uint32) int64 { return min(max(pixel, 0), int64(side)) }
	return pixelBox{held(box[0], width), held(box[1], height), held(box[2], width), held(box[3], height)}, nil
}

// sortCorners is rule boxes.reversed.
func sortCorners(box pixelBox) pixelBox {
	return pixelBox{
		min(box[0], box[2]), min(box[1], box[3]),
		max(box[0], box[2]), max(box[1], box[3]),
	}
}

// moved is a box of a frame of w x h, turned by an EXIF orientation (rule boxes.orientation).
func moved(box pixelBox, orientation int64, w, h int64) pixelBox {
	displayed := func(x, y int64) (int64, int64) {
		switch orientation {
		case 2:
			return w - x, y
		case 3:
			return w - x, h - y
		case 4:
			return x, h - y
		case 5:
			return y, x
		case 6:
			return h - y, x
		case 7:
			return h - y, w - x
		case 8:
			return y, w - x
		}
		return x, y
	}
	x0, y0 := displayed(box[0], box[1])
	x1, y1 := displayed(box[2], box[3])
	return sortCorners(pixelBox{x0, y0, x1, y1})
}

func checkOrientation(orientation int64) error {
	if orientation < 1 || orientation > 8 {
		return refuse("InvalidInput", "%d is no orientation, 1 to 8", orientation)
	}
	return nil
}

func toDisplayed(box pixelBox, orientation int64, width, height uint32) (pixelBox, error) {
	if err := checkSize(width, height); err != nil {
		return box, err
	}
	return moved(box, orientation, int64(width), int64(height)), checkOrientation(orientation)
}

// toStored takes the sides as stored; from 5 on the displayed frame has them exchanged, and 6 and 8 undo each other.
func toStored(box pixelBox, orientation int64, width, height uint32) (pixelBox, error) {
	if err := checkSize(width, height); err != nil {
		return box, err
	}
	if err := checkOrientation(orientation); err != nil {
		return box, err
	}
	w, h := int64(width), int64(height)
	if orientation >= 5 {
		w, h = h, w
	}
	undoing := [...]int64{1, 2, 3, 4, 5, 8, 7, 6}[orientation-1]
	return moved(box, undoing, w, h), nil
}
