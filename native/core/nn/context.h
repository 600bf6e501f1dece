// What a forward pass needs besides its input: one shard's weights, the shared buffers, the group, the mode.
#pragma once

#include <vector>

#include "core/dist/group.h"

namespace simclr {

struct Context {
  const std::vector<at::Tensor>& weights;  ///< by parameter index, in the dtype to compute with
  std::vector<at::Tensor>& buffers;        ///< by buffer index, shared by all shards of the process
  Group& group;                            ///< over which BN statistics are taken
  bool training;                           ///< batch statistics instead of running ones
  bool track;                              ///< this shard writes the running statistics (one a process)
  bool exact_sums = false;                 ///< products of weights are summed in double
  bool recompute = false;                  ///< the backward pass computes blocks' activations again
};

}  // namespace simclr
