#include "core/evaluate/knn.h"

#include <algorithm>
#include <vector>

#include "core/evaluate/nearest.h"
#include "core/evaluate/ranked.h"

namespace simclr {
namespace {

constexpr int64_t kQueries = 4096;  // that vote at a time

}  // namespace

at::Tensor knn(const at::Tensor& bank, const at::Tensor& labels, const at::Tensor& queries,
               const KnnOptions& options) {
  const int64_t k = std::min(options.k, bank.size(0));
  std::vector<at::Tensor> predictions;
  for (const at::Tensor& rows : queries.split(kQueries)) {
    const auto [neighbour, similarity] = nearest(rows, bank, k, Metric::kCosine);
    // Relative to the nearest one's, which is the first: at a low temperature none overflows.
    const at::Tensor weights = ((similarity - similarity.narrow(1, 0, 1)) / options.temperature).exp_();
    const at::Tensor votes = at::zeros({rows.size(0), options.classes}, rows.options())
                                 .scatter_add_(1, labels.index({neighbour}), weights);
    const at::Tensor classes = ranked(votes, options.top);
    predictions.push_back(classes.masked_fill(votes.gather(1, classes) == 0, -1));
  }
  return at::cat(predictions);
}

}  // namespace simclr
