// Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019), as torch.optim or tf.keras write them.
#pragma once

#include "core/optim/adam_math.h"
#include "core/optim/optimizer.h"

namespace simclr {

/// What the arithmetic needs to know of an Adam or AdamW.
AdamOptions adam_options(const OptimizerSpec& spec);

/// torch (torch.optim.Adam, AdamW): epsilon joins the bias-corrected root of the second moment; paper
/// (tf.keras, tf2/model.py): the root as it is. `adam`: decay joins the gradient; `adamw`: it shrinks the
/// weight by lr * decay. BN and biases decay only with `decay_all`.
class Adam final : public Optimizer {
 public:
  Adam(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors);

 private:
  void begin_step(double lr) override;
  void update_group(const Chunks::Group& group, double lr) override;
  void update_tensors(double lr) override;

  const AdamOptions options_;
  AdamStep step_{};  ///< the one under way, on the CPU
};

}  // namespace simclr
