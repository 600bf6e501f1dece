// Weighted k-nearest-neighbour classification (Wu et al. 2018, section 3.4), the usual probe of frozen
// features.
#pragma once

#include <ATen/ATen.h>

namespace simclr {

struct KnnOptions {
  int64_t classes;
  int64_t k = 20;
  double temperature = 0.1;
};

/// Predicted class of each query, int64 [m]. `bank` [n, dim] with `labels` int64 [n] in [0, classes),
/// `queries` [m, dim]. The k nearest (nearest.h) by cosine similarity s vote with
/// exp(s / temperature); equal votes go to the lower class. k above n means n.
at::Tensor knn(const at::Tensor& bank, const at::Tensor& labels, const at::Tensor& queries,
               const KnnOptions& options);

}  // namespace simclr
