// The walk of one block: 128 own rows stay in shared memory, tiles of 64 columns stream past, two at a time.
// Strips and tiles do not cross from first to second views.
#pragma once

#include <type_traits>

#include "cuda/loss/contrast_kernels.h"
#include "cuda/tensor_core.h"

namespace simclr::cuda {

constexpr int kStripRows = 128;
constexpr int kTileColumns = 64;
constexpr int kTileThreads = 128;  // four warps, 32 rows each
constexpr int kRowTiles = 2;       // of 16 rows, a warp
constexpr int kColumnTiles = kTileColumns / 8;
constexpr int kRowsAThread = 2 * kRowTiles;
constexpr int kColumnsAThread = 2 * kColumnTiles;

/// Strips of one view.
inline int64_t strips_of(int64_t count) { return (count + kStripRows - 1) / kStripRows; }

struct ColumnTile {
  int64_t first;      ///< first column in [all first views; all second views]
  int columns;        ///< that there are
  bool second_views;  ///< of the columns
};

template <int kDim>
class TileWalk {
 public:
  static constexpr int kSharedBytes = (kStripRows + 2 * kTileColumns) * kDim * static_cast<int>(sizeof(Half));

  __device__ TileWalk(const Half* z, const ContrastSizes& sizes)
      : z_(z), images_(sizes.images), count_(sizes.count), first_(*sizes.first) {
    const int64_t strips = (count_ + kStripRows - 1) / kStripRows;
    second_ = blockIdx.x >= strips;
    begin_ = (blockIdx.x - (second_ ? strips : 0)) * kStripRows;
    rows_shared_ = dynamic_shared<Half>();
  }

  __device__ int lane() const { return threadIdx.x % 32; }
  __device__ bool first_views() const { return !second_; }

  /// A thread has rows r = 0 .. 3: 16 (r / 2) + 8 (r % 2) + lane / 4 of its warp's 32.
  __device__ int64_t image(int r) const {
    return begin_ + threadIdx.x / 32 * 32 + r / 2 * 16 + r % 2 * 8 + lane() / 4;
  }
  __device__ bool inside(int r) const { return image(r) < count_; }
  /// Among own rows, own first views first.
  __device__ int64_t own(int r) const { return image(r) + (second_ ? count_ : 0); }
  /// Among all rows; so is the partner's.
  __device__ int64_t row(int r) const { return first_ + image(r) + (second_ ? images_ : 0); }
  __device__ int64_t partner(int r) const { return first_ + image(r) + (second_ ? 0 : images_); }
  /// A row's own column and its partner's, counted from the tile's first; outside it for most tiles.
  __device__ int self_column(int r, const ColumnTile& tile) const {
    return static_cast<int>(row(r) - tile.first);
  }
  __device__ int partner_column(int r, const ColumnTile& tile) const {
    return static_cast<int>(partner(r) - tile.first);
  }
  /// A thread has columns c = 0 .. 15 of a tile: 8 (c / 2) + 2 (lane % 4) + c % 2.
  __device__ int column(int c) const { return c / 2 * 8 + lane() % 4 * 2 + c % 2; }
  __device__ static float at(const float (&s)[kRowTiles][kColumnTiles][4], int r, int c) {
    return s[r / 2][c / 2][r % 2 * 2 + c % 2];
  }

  /// Calls work(tile, similarities, special) for all columns, in order. `special`, a std::bool_constant: the
  /// tile may hold rows' own columns or partners, or has fewer columns than others.
  template <class Work>
  __device__ void each_tile(const Work& work) {
    const auto a_view = static_cast<int>((images_ + kTileColumns - 1) / kTileColumns);
    const auto tile_at = [&](int t) {
      const bool second = t >= a_view;
      const int64_t from = static_cast<int64_t>(second ? t - a_view : t) * kTileColumns;
      const int64_t left = images_ - from;
      return ColumnTile{from + (second ? images_ : 0),
                        static_cast<int>(left < kTileColumns ? left : kTileColumns), second};
    };
    load(rows_shared_, first_ + begin_ + (second_ ? images_ : 0), count_ - begin_, kStripRows);
    const ColumnTile start = tile_at(0);
    load(columns_shared(0), start.first, start.columns, kTileColumns);
    commit_copies();
    for (int t = 0; t < 2 * a_view; ++t) {
      const ColumnTile tile = tile_at(t);
      if (t + 1 < 2 * a_view) {
        const ColumnTile next = tile_at(t + 1);
        load(columns_shared(t + 1), next.first, next.columns, kTileColumns);
      }
      commit_copies();
      wait_copies<1>();
      __syncthreads();
      current_ = columns_shared(t);
      float similarities[kRowTiles][kColumnTiles][4] = {};
      multiply(similarities);
      if (special(tile)) {
        work(tile, similarities, std::true_type());
      } else {
        work(tile, similarities, std::false_type());
      }
      __syncthreads();  // nobody may overwrite a tile that is still read
    }
  }

  /// sums [rows, dim] += weights [rows, columns] times the running tile.
  __device__ void add_products(const uint32_t (&weights)[kRowTiles][kColumnTiles / 2][4],
                               float (&sums)[kRowTiles][kDim / 8][4]) const {
    SIMCLR_UNROLL
    for (int k = 0; k < kColumnTiles / 2; ++k) {
      SIMCLR_UNROLL
      for (int n = 0; n < kDim / 16; ++n) {
        // Matrices: columns 0-7 and 8-15 of these 16, then the same of the next eight numbers of a row.
        uint32_t b[4];
        load_matrices_transposed(b, chunk(current_, 16 * k + lane() % 16, 2 * n + lane() / 16));
        SIMCLR_UNROLL
        for (int m = 0; m < kRowTiles; ++m) {
          multiply_add(sums[m][2 * n], weights[m][k], {b[0], b[1]});
          multiply_add(sums[m][2 * n + 1], weights[m][k], {b[2], b[3]});
        }
      }
    }
  }

 private:
  /// The same for all threads of the block.
  __device__ bool special(const ColumnTile& tile) const {
    const int64_t image = tile.first - (tile.second_views ? images_ : 0), own = first_ + begin_;
    const bool meets = image < own + kStripRows && own < image + kTileColumns;
    return meets || tile.columns < kTileColumns;
  }

  static constexpr int kChunks = kDim / 8;  // of 16 bytes, in a row

  __device__ Half* columns_shared(int t) const {
    return rows_shared_ + (kStripRows + t % 2 * kTileColumns) * kDim;
  }

  /// Chunks are stored exchanged (row number xor), so that the eight rows of a matrix lie in different banks.
  __device__ static Half* chunk(Half* shared, int row, int chunk) {
    constexpr int kMask = kChunks < 8 ? kChunks - 1 : 7;
    return shared + row * kDim + (chunk ^ (row & kMask)) * 8;
  }

  /// Begins copying rows [from, from + valid) of z; zeros up to `rows`.
  __device__ void load(Half* shared, int64_t from, int64_t valid, int rows) const {
    for (int i = threadIdx.x; i < rows * kChunks; i += kTileThreads) {
      const int row = i / kChunks, column = i % kChunks;
      const bool is_there = row < valid;
      copy_async(chunk(shared, row, column), z_ + (from + (is_there ? row : 0)) * kDim + column * 8,
                 is_there);
    }
  }

  __device__ void multiply(float (&s)[kRowTiles][kColumnTiles][4]) const {
    const int warp_row = threadIdx.x / 32 * 32;
    SIMCLR_UNROLL
    for (int k = 0; k < kDim / 16; ++k) {
      uint32_t a[kRowTiles][4];
      // Matrices of A: rows 0-7, rows 8-15, then the same of the next eight numbers.
      SIMCLR_UNROLL
      for (int m = 0; m < kRowTiles; ++m)
        load_matrices(a[m], chunk(rows_shared_, warp_row + 16 * m + lane() % 16, 2 * k + lane() / 16));
      SIMCLR_UNROLL
      for (int n = 0; n < kColumnTiles / 2; ++n) {
        // Matrices of B, columns being rows in memory: numbers 0-7 and 8-15 of columns 0-7, then of 8-15.
        uint32_t b[4];
        load_matrices(b, chunk(current_, 16 * n + lane() % 8 + lane() / 16 * 8, 2 * k + lane() / 8 % 2));
        SIMCLR_UNROLL
        for (int m = 0; m < kRowTiles; ++m) {
          multiply_add(s[m][2 * n], a[m], {b[0], b[1]});
          multiply_add(s[m][2 * n + 1], a[m], {b[2], b[3]});
        }
      }
    }
  }

  const Half* z_;
  const int64_t images_, count_, first_;
  bool second_;
  int64_t begin_;
  Half* rows_shared_;
  Half* current_ = nullptr;
};

}  // namespace simclr::cuda
