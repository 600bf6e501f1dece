// NT-Xent, the normalised temperature-scaled cross entropy loss (SimCLR, equation 1; tf2/objective.py).
#pragma once

#include <ATen/ATen.h>

#include "core/dist/group.h"

namespace simclr {

struct NtXentOptions {
  double temperature = 0.1;
  /// 2: the original's sum of both directions' means over the images; 1: the mean over all rows.
  double scale = 2;
  /// Rows are first divided by max(|row|, 1e-6), the original's l2_normalize.
  bool normalize = true;
};

struct NtXentOutput {
  /// 0-dimensional, over the whole group's batch and the same on every member. Its gradient with respect to
  /// `z` is that of the whole batch's loss: members add their parameters' gradients, they do not average.
  at::Tensor loss;
  /// Share of first views whose most similar second view is their own (tf2/metrics.py).
  at::Tensor contrastive_accuracy;
  /// Mean entropy, nats, of the first views' softmax over all second views.
  at::Tensor entropy;
};

/// `z`: [2 b, dim], the member's b images' first views, then their second views; any floating type (half is
/// computed in float32, float64 stays). Members may hold different b.
///
/// Works under autograd: when a gradient is asked for, it is made here, in closed form, and `backward` only
/// scales it; no collective runs then. No host sync; works on the meta device.
///
/// Memory beyond the gradient: O(b dim). Errors: ERR_SIMCLR_INVALID_ARGUMENT.
NtXentOutput nt_xent(const at::Tensor& z, const NtXentOptions& options, Group& group);

/// The same by plain tensor operations on any device: what the CPU's tiles are tested against.
NtXentOutput nt_xent_plain(const at::Tensor& z, const NtXentOptions& options, Group& group);

}  // namespace simclr
