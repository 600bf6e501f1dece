#include "core/loss/tile_math.h"

#include <algorithm>
#include <limits>

#include "core/loss/vector_math.h"

namespace simclr {
namespace {

using lanes::load;
using lanes::splat;
using lanes::store;
using lanes::Vector;
using lanes::VectorOf;

template <class T>
constexpr int64_t kLanes = VectorOf<T>::count;

template <class T>
SIMCLR_INLINE void exp_sums_body(const Tile<T>& tile, double inverse_temperature, double shift,
                                 double* row_sums, double* column_sums) {
  const Vector<T> scale = splat(static_cast<T>(inverse_temperature));
  const Vector<T> center = splat(static_cast<T>(shift));
  T partial[kLargestTile] = {};
  for (int64_t i = 0; i < tile.rows; ++i) {
    const T* row = tile.data + i * tile.stride;
    Vector<T> total{};
    for (int64_t j = 0; j < tile.columns; j += kLanes<T>) {
      const Vector<T> e = lanes::exp((load(row + j) - center) * scale);
      total += e;
      store(partial + j, load(partial + j) + e);
    }
    row_sums[i] += lanes::sum<T>(total);
  }
  if (column_sums) {
    for (int64_t j = 0; j < tile.columns; ++j) column_sums[j] += partial[j];
  }
}

template <class T>
SIMCLR_INLINE void raise_shift(T& shift, double& sum, T candidate, double inverse_temperature) {
  if (!(candidate > shift)) return;
  sum *= std::exp((static_cast<double>(shift) - candidate) * inverse_temperature);
  shift = candidate;
}

template <class T>
SIMCLR_INLINE void running_rows_body(const Tile<T>& tile, double inverse_temperature,
                                     const RunningSum<T>& rows) {
  const Vector<T> scale = splat(static_cast<T>(inverse_temperature));
  for (int64_t i = 0; i < tile.rows; ++i) {
    const T* row = tile.data + i * tile.stride;
    Vector<T> highest = load(row);
    for (int64_t j = kLanes<T>; j < tile.columns; j += kLanes<T>) {
      highest = lanes::larger<T>(load(row + j), highest);
    }
    raise_shift(rows.shift[i], rows.sum[i], lanes::maximum<T>(highest), inverse_temperature);
    if (rows.shift[i] == -std::numeric_limits<T>::infinity()) continue;
    const Vector<T> center = splat(rows.shift[i]);
    Vector<T> total{};
    for (int64_t j = 0; j < tile.columns; j += kLanes<T>)
      total += lanes::exp((load(row + j) - center) * scale);
    rows.sum[i] += lanes::sum<T>(total);
  }
}

template <class T>
SIMCLR_INLINE void running_columns_body(const Tile<T>& tile, double inverse_temperature,
                                        const RunningSum<T>& columns) {
  const Vector<T> scale = splat(static_cast<T>(inverse_temperature));
  const T lowest = -std::numeric_limits<T>::infinity();
  for (int64_t j = 0; j < tile.columns; j += kLanes<T>) {
    Vector<T> highest = splat(lowest);
    for (int64_t i = 0; i < tile.rows; ++i) {
      highest = lanes::larger<T>(load(tile.data + i * tile.stride + j), highest);
    }
    Vector<T> center{};
    for (int64_t lane = 0; lane < kLanes<T>; ++lane) {
      raise_shift(columns.shift[j + lane], columns.sum[j + lane], static_cast<T>(highest[lane]),
                  inverse_temperature);
      // A column of nothing but -inf (padding) keeps any finite center: its exponentials are 0.
      if (columns.shift[j + lane] != lowest) center[lane] = columns.shift[j + lane];
    }
    Vector<T> total{};
    for (int64_t i = 0; i < tile.rows; ++i) {
      total += lanes::exp((load(tile.data + i * tile.stride + j) - center) * scale);
    }
    for (int64_t lane = 0; lane < kLanes<T>; ++lane) columns.sum[j + lane] += total[lane];
  }
}

template <class T>
SIMCLR_INLINE void row_maxima_body(const Tile<T>& tile, int64_t first_column, T* best, int64_t* index) {
  for (int64_t i = 0; i < tile.rows; ++i) {
    const T* row = tile.data + i * tile.stride;
    Vector<T> highest = load(row);
    for (int64_t j = kLanes<T>; j < tile.columns; j += kLanes<T>) {
      highest = lanes::larger<T>(load(row + j), highest);
    }
    const T value = lanes::maximum<T>(highest);
    if (value < best[i]) continue;
    const int64_t column = first_column + (std::find(row, row + tile.columns, value) - row);
    if (value > best[i] || column < index[i]) index[i] = column;
    best[i] = value;
  }
}

template <class T>
SIMCLR_INLINE void coefficients_body(const Tile<T>& tile, double inverse_temperature, bool one_shift,
                                     const Softmax<T>& rows, const Softmax<T>& columns) {
  const Vector<T> scale = splat(static_cast<T>(inverse_temperature));
  for (int64_t i = 0; i < tile.rows; ++i) {
    T* row = tile.data + i * tile.stride;
    const Vector<T> row_shift = splat(rows.shift[i]);
    const Vector<T> row_inverse = splat(rows.inverse_sum[i]);
    if (one_shift) {
      for (int64_t j = 0; j < tile.columns; j += kLanes<T>) {
        const Vector<T> e = lanes::exp((load(row + j) - row_shift) * scale);
        store(row + j, e * (row_inverse + load(columns.inverse_sum + j)));
      }
    } else {
      for (int64_t j = 0; j < tile.columns; j += kLanes<T>) {
        const Vector<T> s = load(row + j);
        store(row + j, lanes::exp((s - row_shift) * scale) * row_inverse +
                           lanes::exp((s - load(columns.shift + j)) * scale) * load(columns.inverse_sum + j));
      }
    }
  }
}

template <class T>
SIMCLR_INLINE void add_entropy_body(const Tile<T>& tile, double inverse_temperature, const Softmax<T>& rows,
                                    double* entropy) {
  const Vector<T> scale = splat(static_cast<T>(inverse_temperature));
  for (int64_t i = 0; i < tile.rows; ++i) {
    const T* row = tile.data + i * tile.stride;
    const Vector<T> shift = splat(rows.shift[i]);
    const Vector<T> inverse = splat(rows.inverse_sum[i]);
    Vector<T> total{};
    for (int64_t j = 0; j < tile.columns; j += kLanes<T>) {
      const Vector<T> p = lanes::exp((load(row + j) - shift) * scale) * inverse;
      total -= p * lanes::log(p + static_cast<T>(1e-8));
    }
    entropy[i] += lanes::sum<T>(total);
  }
}

}  // namespace

// target_clones cannot be put on templates; hence one thin function a type.

SIMCLR_VECTOR_CLONES void exp_sums(const Tile<float>& tile, double inverse_temperature, double shift,
                                   double* row_sums, double* column_sums) {
  exp_sums_body(tile, inverse_temperature, shift, row_sums, column_sums);
}

void exp_sums(const Tile<double>& tile, double inverse_temperature, double shift, double* row_sums,
              double* column_sums) {
  exp_sums_body(tile, inverse_temperature, shift, row_sums, column_sums);
}

SIMCLR_VECTOR_CLONES void exp_sums(const Tile<float>& tile, double inverse_temperature,
                                   const RunningSum<float>& rows, const RunningSum<float>& columns) {
  if (rows.sum) running_rows_body(tile, inverse_temperature, rows);
  if (columns.sum) running_columns_body(tile, inverse_temperature, columns);
}

void exp_sums(const Tile<double>& tile, double inverse_temperature, const RunningSum<double>& rows,
              const RunningSum<double>& columns) {
  if (rows.sum) running_rows_body(tile, inverse_temperature, rows);
  if (columns.sum) running_columns_body(tile, inverse_temperature, columns);
}

SIMCLR_VECTOR_CLONES void row_maxima(const Tile<float>& tile, int64_t first_column, float* best,
                                     int64_t* index) {
  row_maxima_body(tile, first_column, best, index);
}

void row_maxima(const Tile<double>& tile, int64_t first_column, double* best, int64_t* index) {
  row_maxima_body(tile, first_column, best, index);
}

SIMCLR_VECTOR_CLONES void coefficients(const Tile<float>& tile, double inverse_temperature, bool one_shift,
                                       const Softmax<float>& rows, const Softmax<float>& columns) {
  coefficients_body(tile, inverse_temperature, one_shift, rows, columns);
}

void coefficients(const Tile<double>& tile, double inverse_temperature, bool one_shift,
                  const Softmax<double>& rows, const Softmax<double>& columns) {
  coefficients_body(tile, inverse_temperature, one_shift, rows, columns);
}

SIMCLR_VECTOR_CLONES void add_entropy(const Tile<float>& tile, double inverse_temperature,
                                      const Softmax<float>& rows, double* entropy) {
  add_entropy_body(tile, inverse_temperature, rows, entropy);
}

void add_entropy(const Tile<double>& tile, double inverse_temperature, const Softmax<double>& rows,
                 double* entropy) {
  add_entropy_body(tile, inverse_temperature, rows, entropy);
}

}  // namespace simclr
