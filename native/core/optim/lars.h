// LARS, layer-wise adaptive rate scaling (You et al. 2017), as the original SimCLR and as lightly write it.
#pragma once

#include "core/optim/optimizer.h"

namespace simclr {

/// paper (tf2/lars_optimizer.py): g + decay w, trust = eta |w| / |g|, lr inside the momentum buffer (classic)
/// or outside (popular), trust then from the update's norm. Excluded tensors: no decay, trust 1.
/// torch (lightly/utils/lars.py): factor eta |w| / (|g| + decay |w| + epsilon), lr outside the buffer.
/// Excluded tensors: plain momentum SGD, which is what the others get too where decay or a norm is 0.
class Lars final : public Optimizer {
 public:
  Lars(const OptimizerSpec& spec, std::vector<OptimizedTensor> tensors);

 private:
  void update_group(const Chunks::Group& group, double lr) override;
  void update_tensors(double step_lr) override;
  template <class T>
  void update_group_of(const Chunks::Group& group, double step_lr);
  /// Fills `rates_` of the group's tensors from `chunk_squares_`.
  void set_rates(const Chunks::Group& group, double step_lr);
  /// From a tensor's sums of squares to the number its update needs: lr * trust, or lightly's factor.
  double rate(size_t tensor, const Squares& squares, double lr) const;

  std::vector<Squares> chunk_squares_;
  std::vector<double> rates_;
};

}  // namespace simclr
