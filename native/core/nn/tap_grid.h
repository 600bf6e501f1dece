// Pixels of a batch one after another with zeros between them, so that every tap of a convolution's kernel is
// one shift of the whole sequence.
#pragma once

#include <algorithm>
#include <vector>

#include "core/nn/convolution.h"
#include "core/nn/tiles.h"

namespace simclr {

/// An image takes height() rows of width() positions, the output pixels' first: what lies between an image's
/// pixels and the next one's is zero. Of a strided convolution's input every `stride`th row and column makes
/// a phase, a grid of its own, stride * stride in all; there, too, taps are shifts.
class TapGrid {
 public:
  struct Tap {
    int64_t phase;
    int64_t shift;  ///< from an output's position to its input's in the phase
  };

  explicit TapGrid(const ConvGeometry& g) : g_(g) {
    const int64_t first = floor_div(-g.padding, g.stride), last = floor_div(g.size - 1 - g.padding, g.stride);
    const int64_t before = std::max<int64_t>(0, -first), after = std::max<int64_t>(0, last);
    // A row's zeros are also what is before the next one.
    width_ = std::max(g.out_width + after, ceil_div(g.in_width, g.stride) + before);
    height_ = std::max(g.out_height + after, ceil_div(g.in_height, g.stride) + before);
    lead_ = before * (width_ + 1);
    tail_ = after * (width_ + 1);
    for (int64_t y = 0; y < g.size; ++y) {
      for (int64_t x = 0; x < g.size; ++x) {
        const int64_t down = floor_div(y - g.padding, g.stride), right = floor_div(x - g.padding, g.stride);
        const int64_t row = y - g.padding - down * g.stride, column = x - g.padding - right * g.stride;
        taps_.push_back({row * g.stride + column, down * width_ + right});
      }
    }
  }

  int64_t image() const { return width_ * height_; }  ///< positions of an image
  int64_t lead() const { return lead_; }              ///< zeros that taps reach before the first image
  int64_t tail() const { return tail_; }              ///< and after the last
  int64_t phases() const { return g_.stride * g_.stride; }
  const std::vector<Tap>& taps() const { return taps_; }

  /// rows[position] = where the values of that output pixel lie; the rest stays.
  void place_outputs(const Bf16* dy, int64_t images, const Bf16** rows) const {
    for (int64_t n = 0; n < images; ++n)
      for (int64_t y = 0; y < g_.out_height; ++y)
        for (int64_t x = 0; x < g_.out_width; ++x, dy += g_.out_channels)
          rows[n * image() + y * width_ + x] = dy;
  }

  /// The same of the input pixels of a phase.
  void place_inputs(const Bf16* x, int64_t images, int64_t phase, const Bf16** rows) const {
    const int64_t top = phase / g_.stride, left = phase % g_.stride;
    for (int64_t n = 0; n < images; ++n)
      for (int64_t r = top; r < g_.in_height; r += g_.stride)
        for (int64_t c = left; c < g_.in_width; c += g_.stride)
          rows[n * image() + r / g_.stride * width_ + c / g_.stride] =
              x + ((n * g_.in_height + r) * g_.in_width + c) * g_.in_channels;
  }

 private:
  static int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
  static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

  ConvGeometry g_;
  int64_t width_, height_, lead_, tail_;
  std::vector<Tap> taps_;
};

}  // namespace simclr
