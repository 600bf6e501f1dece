// A trained encoder for embedding images, with layers of its projection head or without: weights in the
// computing precision, no optimizer, no gradients.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/learn/embedding.h"
#include "core/learn/precision.h"
#include "core/machine/tensor_memory.h"

namespace simclr {

class InferenceEncoder {
 public:
  /// `head`: what features go through, its first `keep` layers, or all of them where that is 0. `tensors`:
  /// torchvision's names, and `head.*`; strict. Throws ERR_SIMCLR_INCOMPATIBLE_WEIGHTS,
  /// ERR_SIMCLR_INVALID_ARGUMENT.
  InferenceEncoder(const EncoderSpec& spec, const std::optional<HeadSpec>& head, Precision precision,
                   const std::string& device, int shards, const std::vector<NamedTensor>& tensors);

  /// Numbers an image comes to: those of the features, or of the last layer they go through.
  int64_t feature_dim() const { return head_.out; }

  /// [indices.size(), feature_dim()], fp32 or fp64, CPU. One call at a time.
  at::Tensor embed(const ImageStore& store, const Augmenter& augmenter, const std::vector<uint32_t>& indices);

 private:
  KeptTensorMemory memory_;  // first: it goes last
  at::Device device_;
  Precision precision_;
  Parameters parameters_;
  ResNet net_;
  ProjectionHead head_;
  ShardPool pool_;
  std::vector<at::Tensor> weights_;
};

}  // namespace simclr
