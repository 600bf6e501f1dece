// A fine-tuned network whose opinion of images another one learns (SimCLR v2, section 2, "Self-training /
// knowledge distillation"): frozen, BatchNorm in evaluation mode.
#pragma once

#include <vector>

#include "core/learn/precision.h"
#include "core/models/simclr_network.h"

namespace simclr {

struct TeacherSpec {
  EncoderSpec encoder;
  HeadSpec head;  ///< `keep` layers of it stand between encoder and classifier
  int64_t classes = 0;
  std::vector<NamedTensor> tensors;  ///< `encoder.*`, `head.*`, `classifier.*`; strict
};

class Teacher {
 public:
  /// Throws ERR_SIMCLR_INCOMPATIBLE_WEIGHTS, ERR_SIMCLR_INVALID_ARGUMENT.
  Teacher(const TeacherSpec& spec, Precision precision, at::Device device);

  /// x [N, 3, H, W] → P(y | x; tau) [N, classes], softmax(logits / tau), fp32 (fp64 in an fp64 run). Any
  /// number of threads at a time.
  at::Tensor probabilities(const at::Tensor& x, double temperature);

 private:
  SimclrNetwork net_;
  std::vector<at::Tensor> weights_;
};

}  // namespace simclr
