#include "core/evaluate/knn.h"

#include <algorithm>
#include <vector>

namespace simclr {
namespace {

constexpr int64_t kSimilarities = 1 << 23;  // held at a time: 32 MiB

/// In place.
at::Tensor unit_rows(const at::Tensor& rows) {
  return rows.div_(at::linalg_vector_norm(rows, 2, {1}, /*keepdim=*/true).clamp_min_(1e-12));
}

}  // namespace

at::Tensor knn(const at::Tensor& bank, const at::Tensor& labels, const at::Tensor& queries,
               const KnnOptions& options) {
  const int64_t k = std::min(options.k, bank.size(0));
  const at::Tensor columns = unit_rows(bank).t();
  const int64_t chunk = std::max<int64_t>(1, kSimilarities / bank.size(0));
  std::vector<at::Tensor> predictions;
  for (int64_t begin = 0; begin < queries.size(0); begin += chunk) {
    const at::Tensor rows = unit_rows(queries.narrow(0, begin, std::min(chunk, queries.size(0) - begin)));
    const auto [similarity, neighbour] = rows.mm(columns).topk(k, 1);
    // Relative to the nearest one's, which is the first: at a low temperature none overflows.
    const at::Tensor weights = ((similarity - similarity.narrow(1, 0, 1)) / options.temperature).exp_();
    const at::Tensor votes = at::zeros({rows.size(0), options.classes}, rows.options())
                                 .scatter_add_(1, labels.index({neighbour}), weights);
    predictions.push_back(votes.argmax(1));
  }
  if (predictions.empty()) return at::empty({0}, labels.options());
  return at::cat(predictions);
}

}  // namespace simclr
