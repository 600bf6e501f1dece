// A trained encoder for embedding images: weights in the computing precision, no optimizer, no gradients.
#pragma once

#include <string>
#include <vector>

#include "core/learn/embedding.h"
#include "core/learn/precision.h"
#include "core/machine/tensor_memory.h"

namespace simclr {

class InferenceEncoder {
 public:
  /// `tensors`: torchvision's names, strict. Throws ERR_SIMCLR_INCOMPATIBLE_WEIGHTS,
  /// ERR_SIMCLR_INVALID_ARGUMENT.
  InferenceEncoder(const EncoderSpec& spec, Precision precision, const std::string& device, int shards,
                   const std::vector<NamedTensor>& tensors);

  int64_t feature_dim() const { return net_.feature_dim; }

  /// Features [indices.size(), F], fp32 or fp64, CPU. One call at a time.
  at::Tensor embed(const ImageStore& store, const Augmenter& augmenter, const std::vector<uint32_t>& indices);

 private:
  KeptTensorMemory memory_;  // first: it goes last
  at::Device device_;
  Precision precision_;
  Parameters parameters_;
  ResNet net_;
  ShardPool pool_;
  std::vector<at::Tensor> weights_;
};

}  // namespace simclr
