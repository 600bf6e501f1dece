#include "core/learn/inference_encoder.h"

#include "core/error.h"
#include "core/learn/device.h"

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

InferenceEncoder::InferenceEncoder(const EncoderSpec& spec, Precision precision, const std::string& device,
                                   int shards, const std::vector<NamedTensor>& tensors)
    : device_(parse_device(device)),
      precision_(precision),
      net_(build_resnet(parameters_, spec, 0, "")),
      pool_(device_.is_cpu() ? shards : 1, shards) {
  parameters_.load(tensors, "");
  require_finite(tensors);
  parameters_.to(device_, master_type(precision));
  for (const Parameter& parameter : parameters_.parameters()) {
    weights_.push_back(parameter.low_precision ? parameter.master.to(compute_type(precision))
                                               : parameter.master);
  }
}

at::Tensor InferenceEncoder::embed(const ImageStore& store, const Augmenter& augmenter,
                                   const std::vector<uint32_t>& indices) {
  prepare_device(device_, precision_);
  const std::vector<const std::vector<at::Tensor>*> weights(pool_.size(), &weights_);
  return simclr::embed(net_, weights, parameters_.buffers(), pool_, store, augmenter, indices);
}

}  // namespace simclr
