// The projection head g: thrown away after training (tf2/model.py ProjectionHead; lightly
// SimCLRProjectionHead), but for first layers that a classifier may stand on (SimCLR v2, section 2).
#pragma once

#include <string>
#include <vector>

#include "core/models/spec.h"
#include "core/nn/batch_norm.h"
#include "core/nn/layers.h"

namespace simclr {

struct DenseNorm {
  int kernel = -1;
  BatchNorm norm;
  bool last = false;  ///< of the whole head: no ReLU
};

/// Dense without bias, BN, ReLU; the last layer has no ReLU, and in the paper's convention its BN no shift.
struct ProjectionHead {
  std::vector<DenseNorm> layers;
  int64_t out = 0;  ///< what the last of them puts out; without layers the width of the features
};

/// Registers `<prefix>layers.<3i>.weight` and `<prefix>layers.<3i+1>.*`, lightly's names. Middle layers are
/// `spec.hidden` wide.
ProjectionHead build_head(Parameters& parameters, const HeadSpec& spec, int64_t features, uint64_t seed,
                          const std::string& prefix);

/// Only the first `spec.keep` layers of that head (the original's ft_proj_selector). Throws
/// ERR_SIMCLR_INVALID_ARGUMENT where the head has no so many middle layers.
ProjectionHead build_kept_head(Parameters& parameters, const HeadSpec& spec, int64_t features, uint64_t seed,
                               const std::string& prefix);

/// h [N, features] → z [N, dim]; without layers z = h. `hidden`, if given, receives the output of the first
/// hidden layer after its ReLU (undefined where there is none): SimCLR v2 fine-tunes from it.
at::Tensor forward(const Context& context, const ProjectionHead& head, const at::Tensor& h,
                   at::Tensor* hidden = nullptr);

}  // namespace simclr
