// An 8-bit image that owns its memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace simclr {

/// `height` rows of `width` pixels of `channels` (1 grey or 3 RGB) bytes, without gaps.
struct Pixels {
  std::unique_ptr<uint8_t[]> data;
  int width = 0;
  int height = 0;
  int channels = 3;

  size_t bytes() const { return static_cast<size_t>(width) * height * channels; }
};

}  // namespace simclr
