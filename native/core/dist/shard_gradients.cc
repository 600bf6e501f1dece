#include "core/dist/shard_gradients.h"

#include <c10/core/GradMode.h>

namespace simclr {

void take_gradient(ShardLeaves& leaves, size_t parameter, at::Tensor& total, bool add) {
  const at::NoGradGuard no_grad;
  bool first = !add;
  for (auto& shard : leaves) {
    at::Tensor& gradient = shard[parameter].mutable_grad();
    if (!gradient.defined()) continue;
    if (first) {
      total.copy_(gradient);
    } else {
      total.add_(gradient);
    }
    first = false;
    gradient.reset();
  }
  if (first) total.zero_();
}

}  // namespace simclr
