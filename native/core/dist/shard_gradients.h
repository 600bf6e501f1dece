// Adding up what a process's own shards have differentiated.
#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace simclr {

/// Autograd leaves of the shards' copies of the weights: `[shard][parameter]`.
using ShardLeaves = std::vector<std::vector<at::Tensor>>;

/// `total` becomes the sum of one parameter's gradients, in order of the shards, zeros where none has any;
/// takes the gradients from the leaves, which frees them.
void take_gradient(ShardLeaves& leaves, size_t parameter, at::Tensor& total, bool add = false);

}  // namespace simclr
