// How [rows, channels] arrays are dealt to blocks: a thread keeps its channels (and their coefficients) and
// walks over rows. Plain C++, used by launches and by tests.
#pragma once

#include <algorithm>
#include <cstdint>

namespace simclr::cuda {

struct RowGeometry {
  int groups;         ///< of `vector` channels, in a row
  int width;          ///< threads along a row
  int height;         ///< rows a block works on at a time
  int row_blocks;     ///< grid.x: block b takes rows b * height + k * row_blocks * height + threadIdx.y
  int column_blocks;  ///< grid.y: rows that are longer than a block is wide
};

constexpr int kRowThreads = 256;
/// Fixed, so that sums are added in one order on every GPU; enough to fill a large one.
constexpr int kMostRowBlocks = 528;

/// `vector` divides `channels`.
inline RowGeometry row_geometry(int64_t rows, int64_t channels, int vector) {
  RowGeometry g;
  g.groups = static_cast<int>(channels / vector);
  g.width = std::min(g.groups, kRowThreads);
  g.height = kRowThreads / g.width;
  g.column_blocks = (g.groups + g.width - 1) / g.width;
  constexpr int kRowsAThread = 4;  // fewer are not worth a block
  const int64_t wanted = (rows + g.height * kRowsAThread - 1) / (g.height * kRowsAThread);
  g.row_blocks =
      static_cast<int>(std::clamp<int64_t>(wanted, 1, std::max(1, kMostRowBlocks / g.column_blocks)));
  return g;
}

}  // namespace simclr::cuda
