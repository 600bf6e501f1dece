#include "core/dist/shard_gradients.h"

#include <c10/core/GradMode.h>

#include "core/dist/value_sums.h"

namespace simclr {
namespace {

/// Whether the numbers of both lie in memory alike, without gaps.
bool lie_alike(const at::Tensor& a, const at::Tensor& b) {
  if (!a.is_cpu() || !b.is_cpu() || !a.is_non_overlapping_and_dense() || a.sizes() != b.sizes()) return false;
  for (int64_t d = 0; d < a.dim(); ++d)
    if (a.size(d) > 1 && a.stride(d) != b.stride(d)) return false;
  return true;
}

template <class From, class To>
void sum_as(const std::vector<at::Tensor>& parts, at::Tensor& total, bool add) {
  std::vector<const From*> from;
  for (const at::Tensor& part : parts) from.push_back(part.const_data_ptr<From>());
  sum_values(from, total.numel(), add, total.mutable_data_ptr<To>());
}

/// In one pass over memory; false where types or layouts are others.
bool sum_at_once(const std::vector<at::Tensor>& parts, at::Tensor& total, bool add) {
  const auto to = total.scalar_type(), from = parts[0].scalar_type();
  for (const at::Tensor& part : parts)
    if (part.scalar_type() != from || !lie_alike(part, total)) return false;
  if (to == at::kFloat && from == at::kBFloat16) {
    sum_as<at::BFloat16, float>(parts, total, add);
  } else if (to == at::kFloat && from == at::kFloat) {
    sum_as<float, float>(parts, total, add);
  } else if (to == at::kDouble && from == at::kDouble) {
    sum_as<double, double>(parts, total, add);
  } else {
    return false;
  }
  return true;
}

}  // namespace

void take_gradient(ShardLeaves& leaves, size_t parameter, at::Tensor& total, bool add) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> parts;
  for (auto& shard : leaves) {
    at::Tensor& gradient = shard[parameter].mutable_grad();
    if (gradient.defined()) parts.push_back(gradient);
    gradient.reset();
  }
  if (parts.empty()) {
    if (!add) total.zero_();
    return;
  }
  if (sum_at_once(parts, total, add)) return;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (add || i > 0) {
      total.add_(parts[i]);
    } else {
      total.copy_(parts[i]);
    }
  }
}

}  // namespace simclr
