#include "core/learn/distillation_loss.h"

#include <c10/core/GradMode.h>

namespace simclr {

SupervisedLoss distillation_loss(const Context& context, const LinearHead& head, const at::Tensor& features,
                                 const at::Tensor& wanted, const at::Tensor& labels,
                                 const DistillationOptions& options, double weight_decay, Group& group) {
  const double tau = options.temperature, alpha = options.weight;
  const at::Tensor logits = forward(context, head, features);
  const at::Tensor soft = -(wanted * at::log_softmax(logits / tau, 1)).sum() * (tau * tau);
  at::Tensor hard = at::zeros_like(soft), labelled = hard;
  if (alpha < 1) {
    const at::Tensor rows = labels.repeat({logits.size(0) / labels.size(0)});
    hard = label_cross_entropy(logits, rows, options.smoothing);
    labelled = (rows >= 0).sum().to(logits.scalar_type());
  }
  const at::Tensor kernel_loss = kernel_decay(context, head, weight_decay);

  at::Tensor
      totals;  // rows, agreeing ones, sum of distilled losses, labelled rows, sum of theirs: over the group
  {
    const at::NoGradGuard no_grad;
    const at::Tensor rows = at::full({}, logits.size(0), logits.options());
    const at::Tensor agreeing = (logits.argmax(1) == wanted.argmax(1)).sum().to(logits.scalar_type());
    totals = group.all_reduce_sum(at::stack({rows, agreeing, soft.detach(), labelled, hard.detach()}));
  }
  const auto mean = [&](const at::Tensor& distilled, const at::Tensor& supervised) {
    return distilled / totals[0] * alpha + supervised / totals[3].clamp_min(1) * (1 - alpha);
  };
  return {mean(soft, hard) + kernel_loss / static_cast<double>(group.size()), mean(totals[2], totals[4]),
          totals[1] / totals[0], kernel_loss.detach()};
}

}  // namespace simclr
