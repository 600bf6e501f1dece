// Matrix products of bf16 in tiles of 16x16, as AMX multiplies them: one unit of a processor's core takes 16
// rows of 32 values and 32 rows of 16 values and adds their products to 256 float32 sums, 16,384 operations
// at a time.
#pragma once

#include <cstdint>

namespace simclr {

constexpr int64_t kTile = 16;       // rows and columns of a tile of sums; rows or columns of an operand
constexpr int64_t kTileDepth = 32;  // values that a tile of an operand is deep
constexpr int64_t kTileValues = kTile * kTileDepth;

/// bf16, bit by bit. A "row" is where the values of a pixel begin.
using Bf16 = uint16_t;

/// What products are made of. All of a kind compute the same; sums are added up in another order.
struct TileKernels {
  /// Left operand: 32 rows of 16 values, transposed: [16, 32].
  void (*pack_left)(const Bf16* const* rows, int64_t channel, Bf16* tile);

  /// Right operand: `pairs` times two rows, 16 values of each: [pairs, 16, 2], 16 pairs of which are a tile.
  void (*pack_right)(const Bf16* const* rows, int64_t channel, int64_t pairs, Bf16* tiles);

  /// sums[i][j] += left[i] x right[j], i below `lefts`, j below `rights`, both 1 or 2: `depth` tiles of each,
  /// one after the other. Sums of i lie 16 rows apart, of j 16 columns; rows are `stride` floats apart.
  void (*multiply)(const Bf16* const left[2], int lefts, const Bf16* const right[2], int rights,
                   int64_t depth, float* sums, int64_t stride);
};

/// Loops that run anywhere.
const TileKernels& plain_tiles();

/// The processor's own, null if it has none: AMX with bf16, where the system lets this process use it.
const TileKernels* fast_tiles();

}  // namespace simclr
