// Everything SimCLR trains: encoder f, projection head g, and the online linear head on stop-gradient
// features.
#pragma once

#include <optional>

#include "core/models/projection_head.h"
#include "core/models/resnet.h"

namespace simclr {

/// The online linear head (tf2/model.py SupervisedHead): dense with bias, N(0, 0.01), outside decay and
/// adaptation.
struct LinearHead {
  int kernel = -1;
  int bias = -1;
};

struct SimclrNetwork {
  Parameters parameters;  ///< `encoder.*`, `head.*`, `classifier.weight/bias`
  ResNet encoder;
  ProjectionHead head;
  std::optional<LinearHead> classifier;
};

/// `classes` 0 leaves the linear head out. A function of `seed`.
SimclrNetwork build_network(const EncoderSpec& encoder, const HeadSpec& head, int64_t classes, uint64_t seed);

/// features [N, F] → logits [N, classes]. Gradients do not flow into the features.
at::Tensor forward(const Context& context, const LinearHead& head, const at::Tensor& features);

}  // namespace simclr
