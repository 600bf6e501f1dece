// SGD with momentum as torch.optim.SGD: decay added to the gradient, lr outside the buffer.
#pragma once

#include "core/optim/optimizer.h"

namespace simclr {

/// BN and biases decay only with `decay_all`.
class Sgd final : public Optimizer {
 public:
  Sgd(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors);

 private:
  void update_group(const Chunks::Group& group, double lr) override;
  void update_tensors(double lr) override;
};

}  // namespace simclr
