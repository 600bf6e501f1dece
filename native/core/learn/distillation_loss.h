// Distillation (SimCLR v2, equations 2 and 3; add_kd_loss of the original's
// colabs/distillation_self_training): with P^T and P^S the softmax of the teacher's and the student's logits
// over tau,
//   L = alpha * tau^2 * mean_i( - sum_y P^T(y | x_i; tau) log P^S(y | x_i; tau) )
//     + (1 - alpha) * mean over labelled i( - log P^S(y_i | x_i; 1) ).
// tau^2, which equation 2 leaves out and the original's code has, keeps gradients' size when tau changes
// (Hinton et al. 2015, arXiv 1503.02531, section 2).
#pragma once

#include "core/learn/supervised_loss.h"

namespace simclr {

struct DistillationOptions {
  double temperature = 1;  ///< tau
  double weight = 1;       ///< alpha
  double smoothing = 0;    ///< of labels, as `label_cross_entropy` has it
};

/// features [views b, F]; `wanted` [views b, classes], P^T of the same rows; labels as `supervised_loss` has
/// them, not read where alpha is 1. In what it returns `cross_entropy` is L, and `accuracy` the share of the
/// group's rows in which student and teacher have the same most probable class. `group` shares the batch.
SupervisedLoss distillation_loss(const Context& context, const LinearHead& head, const at::Tensor& features,
                                 const at::Tensor& wanted, const at::Tensor& labels,
                                 const DistillationOptions& options, double weight_decay, Group& group);

}  // namespace simclr
