// NT-Xent, the normalised temperature-scaled cross entropy loss (SimCLR, equation 1; tf2/objective.py), of
// two views of each image or more.
//
// More than two: the mean of the two-view cross entropy over a row's partners, each against all views of all
// other images, "geometric poly-view" (Shidani et al. 2024, arXiv 2403.05490): with s the similarities, i a
// row, p its partners (the V - 1 other views of its image), j the rows of other images,
//   loss_i = 1/(V - 1) sum_p -ln( exp(s_ip / t) / (exp(s_ip / t) + sum_j exp(s_ij / t)) ).
// SupCon's L_out with an image as its own class (Khosla et al. 2020, equation 2) has the other partners in
// the denominator too, where views of one image push each other away; with two views all three are the same.
#pragma once

#include <ATen/ATen.h>

#include "core/dist/group.h"

namespace simclr {

struct NtXentOptions {
  double temperature = 0.1;
  /// Times the mean over all rows: 2 is the original's sum of both directions' means over the images.
  double scale = 2;
  /// Rows are first divided by max(|row|, 1e-6), the original's l2_normalize.
  bool normalize = true;
  /// Of each image, at least 2.
  int64_t views = 2;
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

/// `z`: [views b, dim], the member's b images' first views, then their second views and so on; any floating
/// type (half is computed in float32, float64 stays). Members may hold different b.
///
/// Works under autograd: when a gradient is asked for, it is made here, in closed form, and `backward` only
/// scales it; no collective runs then. No host sync; works on the meta device.
///
/// Memory beyond the gradient: O(b dim). Errors: ERR_SIMCLR_INVALID_ARGUMENT.
NtXentOutput nt_xent(const at::Tensor& z, const NtXentOptions& options, Group& group);

/// The same by plain tensor operations on any device: what the CPU's tiles are tested against.
NtXentOutput nt_xent_plain(const at::Tensor& z, const NtXentOptions& options, Group& group);

}  // namespace simclr
