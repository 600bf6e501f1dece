// What happens inside one tile of similarities between the two matrix products: exponentials, sums and the
// gradient's coefficients, one pass over cached memory each. Plain numbers; no LibTorch.
//
// A tile holds s = z_i · z_j row-major with `stride` entries a row. Entries that take no part (self, partner,
// padding up to a multiple of 16 columns) hold -inf and contribute exactly 0.
#pragma once

#include <cstdint>

namespace simclr {

constexpr int64_t kLargestTile = 256;  ///< rows and columns: it and its two strips stay in a 1 MiB cache

template <class T>
struct Tile {
  T* data;
  int64_t stride;
  int64_t rows;
  int64_t columns;  ///< padded to a multiple of 16, at most kLargestTile
};

/// Sum of exp((s - shift) / temperature) over each row (added to `row_sums`) and column (`column_sums`), with
/// one shift for all: safe while it bounds s and 2 / temperature stays inside the exponent's range.
void exp_sums(const Tile<float>& tile, double inverse_temperature, double shift, double* row_sums,
              double* column_sums);
void exp_sums(const Tile<double>& tile, double inverse_temperature, double shift, double* row_sums,
              double* column_sums);

/// A running sum of exp((s - shift) / temperature) whose shift is the largest s seen so far.
template <class T>
struct RunningSum {
  T* shift;     ///< starts at -inf
  double* sum;  ///< starts at 0
};

/// The same sums under a running maximum; either side may be left out (null).
void exp_sums(const Tile<float>& tile, double inverse_temperature, const RunningSum<float>& rows,
              const RunningSum<float>& columns);
void exp_sums(const Tile<double>& tile, double inverse_temperature, const RunningSum<double>& rows,
              const RunningSum<double>& columns);

/// Largest entry of each row and its column (the first one of equals), kept in `best` and `index` if larger
/// than, or equal to and left of, what is there. `first_column` is the tile's place in the whole row.
void row_maxima(const Tile<float>& tile, int64_t first_column, float* best, int64_t* index);
void row_maxima(const Tile<double>& tile, int64_t first_column, double* best, int64_t* index);

/// Shift and 1 / (sum of exponentials) of each row or column of the tile: its softmax's two numbers.
template <class T>
struct Softmax {
  const T* shift;
  const T* inverse_sum;
};

/// Replaces s by P_ij + P_ji, the two softmax probabilities that meet in this entry. `one_shift`: all shifts
/// are equal, one exponential serves both.
void coefficients(const Tile<float>& tile, double inverse_temperature, bool one_shift,
                  const Softmax<float>& rows, const Softmax<float>& columns);
void coefficients(const Tile<double>& tile, double inverse_temperature, bool one_shift,
                  const Softmax<double>& rows, const Softmax<double>& columns);

/// Adds -sum p ln(p + 1e-8) over each row to `entropy`, p being the rows' softmax (tf2/metrics.py).
void add_entropy(const Tile<float>& tile, double inverse_temperature, const Softmax<float>& rows,
                 double* entropy);
void add_entropy(const Tile<double>& tile, double inverse_temperature, const Softmax<double>& rows,
                 double* entropy);

}  // namespace simclr
