// ResNet v1.5 of SimCLR in both conventions (tf2/resnet.py; torchvision models/resnet.py).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/models/spec.h"
#include "core/nn/batch_norm.h"
#include "core/nn/layers.h"
#include "core/nn/selective_kernel.h"

namespace simclr {

/// A convolution and the BN behind it.
struct ConvNorm {
  Conv conv;
  BatchNorm norm;
};

/// A basic block (convs: 3x3, 3x3) or a bottleneck (1x1, 3x3 with the stride or a selective kernel, 1x1).
struct ResidualBlock {
  std::vector<ConvNorm> convs;
  std::optional<SelectiveKernel> selective;  ///< stands between convs[0] and convs[1] of a bottleneck
  std::optional<ConvNorm> shortcut;          ///< `downsample`: 1x1 projection
  int64_t stride = 1;
  bool pool_shortcut = false;  ///< SK networks average-pool before a 1x1/1 projection
};

struct ResNet {
  std::vector<ConvNorm> stem;  ///< one convolution, three in SK networks with the imagenet stem
  bool pool = false;
  Convention convention = Convention::kTorch;
  std::vector<std::vector<ResidualBlock>> groups;
  int64_t feature_dim = 0;
  std::vector<int> ends;  ///< of the stem's and of each group's parameters: the index of the next one
  int frozen = 0;         ///< the first so many of stem and groups are not trained
};

/// Registers every array under `prefix` with torchvision's names (conv1, bn1, layer<g>.<b>.conv<i>, .bn<i>,
/// .downsample.0/.1). Throws ERR_SIMCLR_INVALID_ARGUMENT for a depth, width or ratio there is no network for.
ResNet build_resnet(Parameters& parameters, const EncoderSpec& spec, uint64_t seed,
                    const std::string& prefix);

/// From now on the stem and the first `groups` groups stay as they are: their parameters are not trained, and
/// `forward` runs them in evaluation mode without autograd (tf2/resnet.py, fine_tune_after_block).
void freeze(Parameters& parameters, ResNet& net, int groups);

/// x [N, 3, H, W] → features h [N, feature_dim], mean over H, W. If `groups` is given, the outputs of the
/// stem (after pooling) and of each group are appended to it.
at::Tensor forward(const Context& context, const ResNet& net, const at::Tensor& x,
                   std::vector<at::Tensor>* groups = nullptr);

}  // namespace simclr
