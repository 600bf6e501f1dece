#include "core/nn/tiles.h"

#include <cstring>

namespace simclr {
namespace {

float widen(Bf16 value) {
  const uint32_t bits = uint32_t{value} << 16;
  float out;
  std::memcpy(&out, &bits, sizeof(out));
  return out;
}

void pack_left(const Bf16* const* rows, int64_t channel, Bf16* tile) {
  for (int64_t d = 0; d < kTileDepth; ++d)
    for (int64_t i = 0; i < kTile; ++i) tile[i * kTileDepth + d] = rows[d][channel + i];
}

void pack_right(const Bf16* const* rows, int64_t channel, int64_t pairs, Bf16* tiles) {
  for (int64_t p = 0; p < pairs; ++p)
    for (int64_t j = 0; j < kTile; ++j)
      for (int64_t half = 0; half < 2; ++half) *tiles++ = rows[2 * p + half][channel + j];
}

void multiply_tile(const Bf16* left, const Bf16* right, float* sums, int64_t stride) {
  for (int64_t i = 0; i < kTile; ++i)
    for (int64_t d = 0; d < kTileDepth; ++d) {
      const float value = widen(left[i * kTileDepth + d]);
      const Bf16* pair = right + d / 2 * kTileDepth + d % 2;
      for (int64_t j = 0; j < kTile; ++j) sums[i * stride + j] += value * widen(pair[2 * j]);
    }
}

void multiply(const Bf16* const left[2], int lefts, const Bf16* const right[2], int rights, int64_t depth,
              float* sums, int64_t stride) {
  for (int i = 0; i < lefts; ++i)
    for (int j = 0; j < rights; ++j)
      for (int64_t d = 0; d < depth; ++d)
        multiply_tile(left[i] + d * kTileValues, right[j] + d * kTileValues,
                      sums + i * kTile * stride + j * kTile, stride);
}

}  // namespace

const TileKernels& plain_tiles() {
  static const TileKernels kernels{pack_left, pack_right, multiply};
  return kernels;
}

}  // namespace simclr
