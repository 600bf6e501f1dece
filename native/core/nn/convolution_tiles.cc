#include "core/nn/convolution_tiles.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/nn/tap_grid.h"

namespace simclr {
namespace {

// Positions at a time: with more, operands leave the second-level cache; with fewer, sums are loaded and
// stored too often.
constexpr int64_t kChunk = 2048;

int64_t round_up(int64_t value, int64_t to) { return (value + to - 1) / to * to; }

const Bf16* data(const at::Tensor& x) { return static_cast<const Bf16*>(x.const_data_ptr()); }
Bf16* data_of(at::Tensor& x) { return static_cast<Bf16*>(x.mutable_data_ptr()); }

/// Some images' dy and x on the grid as operands: dy's positions times x's, shifted by a tap. Right operands
/// hold positions in pairs, so that odd shifts need pairs of their own: [phases, even or odd, I / 16, pairs,
/// 16, 2].
class Operands {
 public:
  Operands(const ConvGeometry& g, const TapGrid& grid, int64_t images, const TileKernels& tiles)
      : g_(g),
        grid_(grid),
        tiles_(tiles),
        positions_(round_up(images * grid.image(), kTileDepth)),
        pairs_((grid.lead() + positions_ + grid.tail()) / 2 + 1),
        zeros_(std::max(g.in_channels, g.out_channels)),
        needed_(2 * grid.phases()),
        left_(at::empty({g.out_channels * positions_}, at::kBFloat16)),
        right_(at::empty({2 * grid.phases() * g.in_channels * 2 * pairs_}, at::kBFloat16)) {
    for (const TapGrid::Tap& tap : grid.taps()) needed_[2 * tap.phase + first(tap) % 2] = true;
  }

  /// `dy` and `x`: where the first image's values lie.
  void pack(const Bf16* dy, const Bf16* x, int64_t images) {
    rows_.assign(positions_, zeros_.data());
    grid_.place_outputs(dy, images, rows_.data());
    for (int64_t p = 0; p < positions_; p += kTileDepth)
      for (int64_t o = 0; o < g_.out_channels; o += kTile)
        tiles_.pack_left(rows_.data() + p, o, data_of(left_) + o * positions_ + p * kTile);
    for (int64_t phase = 0; phase < grid_.phases(); ++phase) {
      rows_.assign(2 * pairs_ + 1, zeros_.data());
      grid_.place_inputs(x, images, phase, rows_.data() + grid_.lead());
      for (int64_t odd = 0; odd < 2; ++odd) {
        if (!needed_[2 * phase + odd]) continue;
        for (int64_t i = 0; i < g_.in_channels; i += kTile)
          tiles_.pack_right(rows_.data() + odd, i, pairs_, data_of(right_) + begin(phase, odd, i));
      }
    }
  }

  /// Tiles that an operand is deep.
  int64_t depth() const { return positions_ / kTileDepth; }
  const Bf16* left(int64_t channel) const { return data(left_) + channel * positions_; }
  const Bf16* right(const TapGrid::Tap& tap, int64_t channel) const {
    return data(right_) + begin(tap.phase, first(tap) % 2, channel) + first(tap) / 2 * 2 * kTile;
  }

 private:
  /// What the tap sees from position 0.
  int64_t first(const TapGrid::Tap& tap) const { return grid_.lead() + tap.shift; }
  int64_t begin(int64_t phase, int64_t odd, int64_t channel) const {
    return ((2 * phase + odd) * g_.in_channels + channel) * 2 * pairs_;
  }

  const ConvGeometry& g_;
  const TapGrid& grid_;
  const TileKernels& tiles_;
  const int64_t positions_, pairs_;
  const std::vector<Bf16> zeros_;  // the values of positions without a pixel
  std::vector<bool> needed_;       // of phases, even and odd
  std::vector<const Bf16*> rows_;
  at::Tensor left_, right_;
};

/// sums [O, taps, I] += the operands' products; rows of sums are shared out to the threads.
void add_products(const Operands& operands, const ConvGeometry& g, const TapGrid& grid,
                  const TileKernels& tiles, float* sums) {
  constexpr int64_t kBlock = 2 * kTile;
  const int64_t row = g.taps() * g.in_channels;
  at::parallel_for(0, (g.out_channels + kBlock - 1) / kBlock, 1, [&](int64_t begin, int64_t end) {
    for (int64_t o = begin * kBlock; o < std::min(end * kBlock, g.out_channels); o += kBlock) {
      const int lefts = o + kTile < g.out_channels ? 2 : 1;
      const Bf16* left[2] = {operands.left(o), lefts == 2 ? operands.left(o + kTile) : nullptr};
      for (int64_t i = 0; i < g.in_channels; i += kBlock) {
        const int rights = i + kTile < g.in_channels ? 2 : 1;
        for (int64_t t = 0; t < g.taps(); ++t) {
          const TapGrid::Tap& tap = grid.taps()[t];
          const Bf16* right[2] = {operands.right(tap, i),
                                  rights == 2 ? operands.right(tap, i + kTile) : nullptr};
          tiles.multiply(left, lefts, right, rights, operands.depth(), sums + o * row + t * g.in_channels + i,
                         row);
        }
      }
    }
  });
}

}  // namespace

bool fills_tiles(const ConvGeometry& g) { return g.in_channels % kTile == 0 && g.out_channels % kTile == 0; }

at::Tensor tile_kernel_gradient(const at::Tensor& dy, const at::Tensor& x, const ConvGeometry& g,
                                const TileKernels& tiles) {
  if (!fills_tiles(g))
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT", "Expected channels that are multiples of 16 but received " +
                                                   std::to_string(g.in_channels) + " and " +
                                                   std::to_string(g.out_channels) + ".");
  const bool fits = dy.scalar_type() == at::kBFloat16 && x.scalar_type() == at::kBFloat16 &&
                    dy.numel() == g.images * g.out_pixels() * g.out_channels &&
                    x.numel() == g.images * g.in_pixels() * g.in_channels;
  if (!fits)
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT",
                "Expected `dy` and `x` of bf16 with the values that the convolution's sizes ask for.");
  const TapGrid grid(g);
  const at::Tensor outputs = dy.contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor inputs = x.contiguous(at::MemoryFormat::ChannelsLast);
  at::Tensor sums = at::zeros({g.out_channels, g.size, g.size, g.in_channels}, at::kFloat);
  const int64_t chunk = std::clamp<int64_t>(kChunk / grid.image(), 1, std::max<int64_t>(g.images, 1));
  Operands operands(g, grid, chunk, tiles);
  for (int64_t n = 0; n < g.images; n += chunk) {
    operands.pack(data(outputs) + n * g.out_pixels() * g.out_channels,
                  data(inputs) + n * g.in_pixels() * g.in_channels, std::min(chunk, g.images - n));
    add_products(operands, g, grid, tiles, sums.mutable_data_ptr<float>());
  }
  return sums.permute({0, 3, 1, 2});
}

}  // namespace simclr
