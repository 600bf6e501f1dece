#include "core/learn/supervised_loss.h"

#include <c10/core/GradMode.h>

namespace simclr {

at::Tensor label_cross_entropy(const at::Tensor& logits, const at::Tensor& rows, double smoothing) {
  constexpr int64_t kNoLabel = -1;
  return at::cross_entropy_loss(logits, rows, {}, at::Reduction::Sum, kNoLabel, smoothing);
}

at::Tensor kernel_decay(const Context& context, const LinearHead& head, double weight_decay) {
  return context.weights[head.kernel].square().sum() * (weight_decay / 2);
}

SupervisedLoss supervised_loss(const Context& context, const LinearHead& head, const at::Tensor& features,
                               const at::Tensor& labels, double smoothing, double weight_decay,
                               Group& group) {
  const at::Tensor logits = forward(context, head, features);
  const at::Tensor rows = labels.repeat({logits.size(0) / labels.size(0)});
  const at::Tensor sum = label_cross_entropy(logits, rows, smoothing);
  const at::Tensor kernel_loss = kernel_decay(context, head, weight_decay);

  at::Tensor totals;  // labelled rows, correct ones, sum of cross entropies: over the group
  {
    const at::NoGradGuard no_grad;
    const at::Tensor labelled = (rows >= 0).sum().to(logits.scalar_type());
    const at::Tensor correct = (logits.argmax(1) == rows).sum().to(logits.scalar_type());
    totals = group.all_reduce_sum(at::stack({labelled, correct, sum.detach()}));
  }
  const at::Tensor count = totals[0].clamp_min(1);
  return {sum / count + kernel_loss / static_cast<double>(group.size()), totals[2] / count, totals[1] / count,
          kernel_loss.detach()};
}

}  // namespace simclr
