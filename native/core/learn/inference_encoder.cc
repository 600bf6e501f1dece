#include "core/learn/inference_encoder.h"

#include "core/learn/device.h"
#include "core/learn/frozen_weights.h"
#include "core/learn/memory.h"

namespace simclr {
namespace {

ProjectionHead layers_behind(Parameters& parameters, const std::optional<HeadSpec>& spec, int64_t features) {
  if (!spec) return {{}, features};
  const auto build = spec->keep > 0 ? build_kept_head : build_head;
  return build(parameters, *spec, features, 0, "head.");
}

}  // namespace

InferenceEncoder::InferenceEncoder(const EncoderSpec& spec, const std::optional<HeadSpec>& head,
                                   Precision precision, const std::string& device, int shards,
                                   const std::vector<NamedTensor>& tensors)
    : device_(parse_device(device)),
      precision_(precision),
      net_(build_resnet(parameters_, spec, 0, "")),
      head_(layers_behind(parameters_, head, net_.feature_dim)),
      pool_(device_.is_cpu() ? shards : 1, shards),
      weights_(frozen_weights(parameters_, tensors, precision, device_)) {}

at::Tensor InferenceEncoder::embed(const ImageStore& store, const Augmenter& augmenter,
                                   const std::vector<uint32_t>& indices) try {
  const DeviceSettings settings(device_, precision_);
  const std::vector<const std::vector<at::Tensor>*> weights(pool_.size(), &weights_);
  return simclr::embed(net_, head_, weights, parameters_.buffers(), pool_, store, augmenter, indices);
} catch (...) {
  rethrow_with_memory("embedding " + std::to_string(indices.size()) + " images of " +
                          std::to_string(augmenter.plan().size) + " px, precision " + name_of(precision_) +
                          ", on " + device_.str(),
                      "Ask for fewer images at once, lower `preprocessing.imageSize`, or load the encoder "
                      "with another `device` or with `precision` 'bf16'.");
}

}  // namespace simclr
