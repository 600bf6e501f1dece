// SGD with momentum as torch.optim.SGD: decay added to the gradient, lr outside the buffer.
#pragma once

#include "core/device_kernels.h"
#include "core/optim/chunks.h"
#include "core/optim/optimizer.h"

namespace simclr {

/// Excluded tensors decay only with `decay_all`.
class Sgd final : public Optimizer {
 public:
  Sgd(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors);
  void step(double lr) override;

 private:
  double decay(size_t tensor) const;

  const OptimizerSpec spec_;
  const std::unique_ptr<FusedUpdate> fused_;  ///< null: none for these tensors
  const Chunks chunks_;
};

}  // namespace simclr
