#include "core/learn/inference_encoder.h"

#include "core/learn/device.h"
#include "core/learn/frozen_weights.h"
#include "core/learn/memory.h"

namespace simclr {

InferenceEncoder::InferenceEncoder(const EncoderSpec& spec, Precision precision, const std::string& device,
                                   int shards, const std::vector<NamedTensor>& tensors)
    : device_(parse_device(device)),
      precision_(precision),
      net_(build_resnet(parameters_, spec, 0, "")),
      pool_(device_.is_cpu() ? shards : 1, shards),
      weights_(frozen_weights(parameters_, tensors, precision, device_)) {}

at::Tensor InferenceEncoder::embed(const ImageStore& store, const Augmenter& augmenter,
                                   const std::vector<uint32_t>& indices) try {
  const DeviceSettings settings(device_, precision_);
  const std::vector<const std::vector<at::Tensor>*> weights(pool_.size(), &weights_);
  return simclr::embed(net_, weights, parameters_.buffers(), pool_, store, augmenter, indices);
} catch (...) {
  rethrow_with_memory("embedding " + std::to_string(indices.size()) + " images of " +
                          std::to_string(augmenter.plan().size) + " px, precision " + name_of(precision_) +
                          ", on " + device_.str(),
                      "Ask for fewer images at once, lower `preprocessing.imageSize`, or load the encoder "
                      "with another `device` or with `precision` 'bf16'.");
}

}  // namespace simclr
