#include "core/learn/frozen_weights.h"

#include "core/error.h"

namespace simclr {
namespace {

/// Features of such weights would be NaN without a word.
void require_finite(const std::vector<NamedTensor>& tensors) {
  for (const auto& [name, value] : tensors) {
    if (!value.is_floating_point() || at::isfinite(value).all().item<bool>()) continue;
    throw Error(
        "ERR_SIMCLR_INCOMPATIBLE_WEIGHTS",
        "Expected finite weights but `" + name +
            "` has some that are not. The run has diverged, or the file is damaged; take an earlier one.");
  }
}

}  // namespace

std::vector<at::Tensor> frozen_weights(Parameters& parameters, const std::vector<NamedTensor>& tensors,
                                       Precision precision, at::Device device) {
  parameters.load(tensors, "");
  require_finite(tensors);
  parameters.to(device, master_type(precision));
  std::vector<at::Tensor> weights;
  for (const Parameter& parameter : parameters.parameters()) {
    weights.push_back(parameter.low_precision ? parameter.master.to(compute_type(precision))
                                              : parameter.master);
  }
  return weights;
}

}  // namespace simclr
