// Dynamic loss scaling for gradients in half precision (Micikevicius et al. 2018, section 3.2), by the rule
// and with the numbers of torch.amp.GradScaler (torch/amp/grad_scaler.py): begin at 65536; halve, and leave
// the step out, when a gradient is not finite; double after 2,000 steps in a row without that. Powers of two:
// scaling rounds nothing.
#pragma once

#include <ATen/ATen.h>

#include "core/error.h"

namespace simclr {

class LossScale {
 public:
  double value() const { return scale_; }

  /// After a backward pass whose gradients were all finite, or not.
  void update(bool finite) {
    if (!finite) {
      scale_ *= kBackoff;
      steps_ = 0;
    } else if (++steps_ == kGrowthInterval) {
      scale_ *= kGrowth;
      steps_ = 0;
    }
  }

  /// The scale and the steps since it changed, for checkpoints.
  at::Tensor state() const { return at::tensor({scale_, steps_}, at::kDouble); }

  /// Throws ERR_SIMCLR_INCOMPATIBLE_WEIGHTS for what `state` cannot have returned.
  void load(const at::Tensor& state) {
    const at::Tensor values = state.cpu().to(at::kDouble).contiguous();
    const auto* data = values.const_data_ptr<double>();
    if (values.numel() != 2 || !(data[0] > 0) || !(data[1] >= 0 && data[1] < kGrowthInterval)) {
      throw Error(
          "ERR_SIMCLR_INCOMPATIBLE_WEIGHTS",
          "Expected a loss scale above 0 and the steps since it changed in `loss_scale`. Load the state "
          "of an fp16 run.");
    }
    scale_ = data[0];
    steps_ = data[1];
  }

 private:
  static constexpr double kGrowth = 2, kBackoff = 0.5, kGrowthInterval = 2000;
  double scale_ = 65536, steps_ = 0;
};

}  // namespace simclr
