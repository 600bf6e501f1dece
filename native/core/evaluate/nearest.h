// The k nearest rows, exactly: the same bits whatever else is asked, on however many threads.
#pragma once

#include <ATen/ATen.h>

namespace simclr {

enum class Metric {
  kCosine,     ///< a·b / |a||b|; 0 where a row is all zeros
  kEuclidean,  ///< -|a - b|: the larger, the nearer, as above
};

struct Neighbours {
  at::Tensor indices;       ///< int64 [m, k], the nearest first
  at::Tensor similarities;  ///< float [m, k]
};

/// The k rows of `references` [n, dim] nearest to each of `queries` [m, dim], 1 <= k <= n; both float and
/// contiguous, neither is changed. A similarity is summed in double, in one order, and rounded to float: it
/// depends on its two rows alone. Of equal ones the lower index is nearer. Rows must be finite. Memory beside
/// what is given and returned: 8 bytes a row, 4 more a reference, and 100 MiB at most (12 k bytes where k is
/// above 8 million).
Neighbours nearest(const at::Tensor& queries, const at::Tensor& references, int64_t k, Metric metric);

}  // namespace simclr
