// Weighted k-nearest-neighbour classification (Wu et al. 2018, section 3.4), the usual probe of frozen
// features.
#pragma once

#include <ATen/ATen.h>

namespace simclr {

struct KnnOptions {
  int64_t classes;
  int64_t k = 20;
  double temperature = 0.1;
  int64_t top = 1;  ///< classes told of each query, at most `classes`
};

/// Classes of each query, int64 [m, top], those with most votes first; -1 behind those that have any. `bank`
/// [n, dim] with `labels` int64 [n] in [0, classes), `queries` [m, dim]. The k nearest (nearest.h) by cosine
/// similarity s vote with exp(s / temperature); of equal votes the lower class comes first. k above n means
/// n.
at::Tensor knn(const at::Tensor& bank, const at::Tensor& labels, const at::Tensor& queries,
               const KnnOptions& options);

}  // namespace simclr
