// Everything SimCLR trains: encoder f, projection head g, and a linear head on f's features; or, to classify,
// encoder, first layers of the projection head and a linear head on them.
#pragma once

#include <optional>

#include "core/models/projection_head.h"
#include "core/models/resnet.h"

namespace simclr {

/// The linear head (tf2/model.py SupervisedHead), online or fine-tuned with the encoder: dense with bias,
/// N(0, 0.01), outside decay and adaptation.
struct LinearHead {
  int kernel = -1;
  int bias = -1;
};

struct SimclrNetwork {
  Parameters parameters;  ///< `encoder.*`, `head.*`, `classifier.weight/bias`
  ResNet encoder;
  ProjectionHead head;
  std::optional<LinearHead> classifier;

  /// Is this parameter one of the linear head's?
  bool is_classifier(size_t parameter) const {
    const auto index = static_cast<int>(parameter);
    return classifier && (index == classifier->kernel || index == classifier->bias);
  }
};

/// `classes` 0 leaves the linear head out. A function of `seed`.
SimclrNetwork build_network(const EncoderSpec& encoder, const HeadSpec& head, int64_t classes, uint64_t seed);

/// The same with the first `head.keep` layers of the projection head alone, none by default: the linear head
/// stands on what they put out.
SimclrNetwork build_classifier(const EncoderSpec& encoder, const HeadSpec& head, int64_t classes,
                               uint64_t seed);

/// features [N, F] → logits [N, classes].
at::Tensor forward(const Context& context, const LinearHead& head, const at::Tensor& features);

}  // namespace simclr
