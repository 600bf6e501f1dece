// A borrowed 8-bit image: rows of interleaved channels.
#pragma once

#include <cstdint>

namespace simclr {

/// `height` rows of `width` pixels of `channels` (1 grey or 3 RGB) bytes, rows `stride` bytes apart.
struct ImageView {
  const uint8_t* data = nullptr;
  int width = 0;
  int height = 0;
  int channels = 3;
  int64_t stride = 0;
};

}  // namespace simclr
