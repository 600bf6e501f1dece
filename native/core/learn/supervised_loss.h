// The linear head's loss (tf2/run.py): all views' features, labels shared. Whether its gradient reaches the
// encoder is for the caller of it to say: detached features stop it.
#pragma once

#include "core/models/simclr_network.h"

namespace simclr {

struct SupervisedLoss {
  at::Tensor
      differentiated;  ///< this member's share: its sum over the group is mean cross entropy + weight decay
  at::Tensor cross_entropy;  ///< mean over the group's labelled rows, detached
  at::Tensor accuracy;       ///< over the group's labelled rows
  at::Tensor weight_decay;   ///< decay / 2 * |kernel|^2, detached
};

/// features [views b, F]; labels int64 [b], or one a row, -1 = none; `smoothing` as `label_cross_entropy` has
/// it. `group` shares the batch.
SupervisedLoss supervised_loss(const Context& context, const LinearHead& head, const at::Tensor& features,
                               const at::Tensor& labels, double smoothing, double weight_decay, Group& group);

/// Sum over rows of logits [N, classes] that have a label in `rows` [N], -1 = none, of the cross entropy with
/// (1 - smoothing) for the label and smoothing / classes for every class, it among them (Szegedy et al. 2016,
/// arXiv 1512.00567, section 7; torch.nn.CrossEntropyLoss).
at::Tensor label_cross_entropy(const at::Tensor& logits, const at::Tensor& rows, double smoothing);

/// decay / 2 * |kernel|^2.
at::Tensor kernel_decay(const Context& context, const LinearHead& head, double weight_decay);

}  // namespace simclr
