// Images made smaller before they are kept: Keys' cubic kernel (a = -0.5; Keys 1981), as wide as an output
// pixel, on levels, which is Pillow's BICUBIC and torch's antialiased one.
//
// Weights are whole multiples of 2^-14 that sum to 1, and levels are rounded after each axis, the vertical
// one first: every sum is exact in floats, in any order, so the pixels are the same bits on every processor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/image/image_view.h"
#include "core/image/pixels.h"

namespace simclr {

struct ImageSize {
  int width = 0;
  int height = 0;
};

/// What a shorter side of `shorter_side` pixels makes of a larger image, the longer one rounded; others, and
/// for 0 all, stay as they are.
ImageSize shrunk_size(ImageSize size, int shorter_side);

/// What is made smaller: an image at 1 / `by` of its size, its last row and column whole pixels even where
/// the image ends inside of them (as JPEG decoders give them).
struct Reduced {
  ImageView pixels;
  ImageSize whole;  ///< the image's own
  int by = 1;
};

/// The image with `size.width` x `size.height` pixels, neither more than it has.
Pixels shrink(const Reduced& image, ImageSize size);

/// One way of shrinking, for an instruction set; all give the same bits.
struct ShrinkPath {
  std::string name;
  /// Writes rows without gaps.
  void (*run)(const Reduced& image, ImageSize size, uint8_t* out);
};

/// Those that this machine can run, the fastest first.
const std::vector<ShrinkPath>& shrink_paths();

}  // namespace simclr
