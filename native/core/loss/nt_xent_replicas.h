// NT-Xent of one array as several members of a group would compute it, and its gradient.
#pragma once

#include <ATen/ATen.h>

#include "core/loss/nt_xent.h"

namespace simclr {

struct ReplicaOptions {
  NtXentOptions loss;
  int replicas = 1;    ///< at most one an image; uneven where the images do not divide
  bool plain = false;  ///< nt_xent_plain
  at::ScalarType input =
      at::kFloat;  ///< what z is rounded to first, as a half-precision encoder hands it over
  at::Device device = at::Device(at::kCPU);
};

struct ReplicaResult {
  double loss, contrastive_accuracy, entropy;
};

/// `z`: [views b, dim] on the CPU, ordered as `nt_xent` wants it; each replica takes its images' rows of all
/// views. `gradient`, of the same shape and type, is filled with the loss's with respect to `z`.
ReplicaResult nt_xent_replicas(const at::Tensor& z, const at::Tensor& gradient,
                               const ReplicaOptions& options);

}  // namespace simclr
