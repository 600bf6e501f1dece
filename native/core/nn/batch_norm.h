// The project's one BatchNorm: global over a group, with ReLU and residual addition fused in.
#pragma once

#include <optional>
#include <string>

#include "core/nn/batch_norm_passes.h"
#include "core/nn/context.h"
#include "core/nn/parameters.h"

namespace simclr {

/// Indices of one layer's arrays, and its convention.
struct BatchNorm {
  int scale = -1;
  int shift = -1;  ///< -1: no shift (last layer of the paper's head)
  int running_mean = -1;
  int running_var = -1;
  int batches = -1;  ///< torch's num_batches_tracked
  bool unbiased_running =
      false;  ///< running variance from the unbiased batch variance (torch) or the biased one (paper)
};

struct BatchNormOptions {
  bool shift = true;
  bool unbiased_running = false;
  double initial_scale = 1;  ///< 0 for the last BN of a residual block in the paper's convention
};

/// Registers `<name>.weight`, `.bias`, `.running_mean`, `.running_var`, `.num_batches_tracked` (torch's
/// names).
BatchNorm add_batch_norm(Parameters& parameters, const std::string& name, int64_t channels,
                         const BatchNormOptions&);

/// act(scale * (x - mean) / sqrt(var + 1e-5) + shift [+ residual]), act = ReLU or identity.
/// x: [N, C, H, W] (channels_last on the CPU's fast path) or [N, C]. In training, mean and var are those of
/// the whole group's batch: each member contributes (count, mean, M2), combined without E[x^2] - E[x]^2;
/// running statistics move by 0.1 once. The backward pass has one collective, the sums of g and g * xhat.
at::Tensor batch_norm(const Context& context, const BatchNorm& layer, const at::Tensor& x, bool relu,
                      const std::optional<at::Tensor>& residual = std::nullopt);

/// Takes the batch's statistics, moves the running ones.
Normalisation normalisation(const Context& context, const BatchNorm& layer, const at::Tensor& x);

/// Gradients of act(norm(x) [+ residual]) with respect to all that went in.
struct NormGradients {
  at::Tensor x, residual, scale, shift;
};

/// Computes them in two parts: this member's sums, which go to the group at once, and the rest, which needs
/// the others'. What is computed in between, nobody waits for; it must not call a collective.
class NormBackward {
 public:
  /// `y` is the value of act(...), undefined where act is the identity.
  NormBackward(Normalisation norm, const at::Tensor& x, const at::Tensor& y, const at::Tensor& dy);
  /// `residual`: whether its gradient is asked for.
  NormGradients finish(bool residual) const;

 private:
  Normalisation norm_;
  at::Tensor x_, y_, dy_;
  at::Tensor own_sums_;  ///< this member's, [2, C], double
  PendingSum sums_;      ///< everybody's; none where mean and rstd do not depend on the batch
};

}  // namespace simclr
