// NT-Xent between unit vectors on tensor cores: strips of own rows against tiles of all columns, similarities
// in registers only, memory O(N D). The sums are those of core/loss/contrast.h with one shift, s <= 1, for
// all rows.
//
// Operands are halves: of numbers in [-1, 1] they keep 11 bits where bf16 keeps 8, at the same speed.
// Products are added in float. With D = 128 a similarity's error is about 3e-5, whatever its value.
//
// Work: three products of [rows, columns, D]. Rows are recomputed instead of sharing the symmetric half, so
// that no two blocks write the same sum: the same bits every time, no atomics.
#pragma once

#include <cstdint>

#include "cuda/element.h"
#include "cuda/launch.h"

namespace simclr::cuda {

/// Largest row that fits; shorter ones are padded with zeros to 32, 64 or 128.
constexpr int kContrastDim = 128;

/// Below it exp((s - 1) / t) leaves float's normal range.
constexpr float kContrastTemperature = 0.024f;

struct ContrastSizes {
  int64_t images;        ///< in the whole batch: rows i and i + images are partners
  int64_t count;         ///< own images
  const int64_t* first;  ///< first own image, in device memory
  int dim;               ///< padded
  float temperature;
};

/// The padded length of rows; 0 where they are too long.
int contrast_padding(int64_t dim);

/// `out` [rows, padding] = halves of `z` [rows, dim], zeros beyond dim.
cudaError_t contrast_halves(const float* z, int64_t rows, int64_t dim, int padding, Half* out, cudaStream_t);

/// By own row (all own first views, then their second views):
struct ContrastSums {
  float* loss;
  float* hit;          ///< 1 where a first view's most similar second view is its own; first views only
  float* entropy;      ///< of first views over second views; first views only
  float* inverse_sum;  ///< 1 / r
  float* rest;         ///< 1 - P of the partner
};
cudaError_t contrast_sums(const Half* z, const ContrastSizes& sizes, const ContrastSums& out, cudaStream_t);

/// `gradient` [2 count, width] = t * d(sum of all losses) / d own rows, `width` <= dim. `z` in float: [2
/// images, width]. `inverse_sum` [2 images] of all rows, `rest` of own ones.
cudaError_t contrast_gradient(const Half* z, const float* exact, int width, const ContrastSizes& sizes,
                              const float* inverse_sum, const float* rest, float* gradient, cudaStream_t);

}  // namespace simclr::cuda
