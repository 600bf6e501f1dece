// An 8-bit image that owns its memory, and where that memory comes from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace simclr {

/// Takes memory back.
struct PixelReturn {
  size_t capacity = 0;
  void operator()(uint8_t* data) const;
};

using PixelMemory = std::unique_ptr<uint8_t[], PixelReturn>;

/// Memory for `bytes` bytes, of any content. Larger pieces are ones that have been given back, if there are:
/// a fresh one is mapped page by page when it is first written, which takes half as long as decoding a JPEG
/// into it. Thread-safe.
PixelMemory pixel_memory(size_t bytes);

/// Gives what lies ready to be used again back to the system.
void release_spare_pixel_memory();

/// `height` rows of `width` pixels of `channels` (1 grey or 3 RGB) bytes, without gaps.
struct Pixels {
  PixelMemory data;
  int width = 0;
  int height = 0;
  int channels = 3;

  size_t bytes() const { return static_cast<size_t>(width) * height * channels; }
};

/// Of any content.
inline Pixels make_pixels(int width, int height, int channels) {
  Pixels pixels{nullptr, width, height, channels};
  pixels.data = pixel_memory(pixels.bytes());
  return pixels;
}

}  // namespace simclr
