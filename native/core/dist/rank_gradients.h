// Gradients of all shards of all ranks, added up.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <vector>

#include "core/dist/process_group.h"
#include "core/dist/shard_gradients.h"

namespace simclr {

constexpr int64_t kGradientAlignment = 64;  ///< bytes; vector code likes gradients to begin at cache lines

struct BucketOptions {
  int64_t bytes = int64_t{4} << 20;  ///< of a bucket, about
  bool compress = false;             ///< gradients go from rank to rank as bf16
  bool passes = false;               ///< a step may have several backward passes
};

/// Takes the shards' gradients from their leaves as the backward pass makes them.
class RankGradients {
 public:
  virtual ~RankGradients() = default;

  /// Before the last backward pass of a step; `add`: to what is in `own` already. Of passes before it nothing
  /// is taken: their gradients stay in the leaves.
  virtual void begin(bool add) = 0;

  /// After it: returns when all are added up, zeros where no shard of any rank has a gradient.
  virtual void finish() = 0;

  /// Multiplies the sums, when everybody has read them. All ranks call it.
  virtual void scale(double factor) = 0;

  /// By parameter: where this rank adds up the gradients of a step's earlier passes.
  virtual const std::vector<at::Tensor>& own() const = 0;
};

/// From now on calls `ready(parameter)`, on the thread that made it, when a shard's leaf has its whole
/// gradient of a backward pass.
void on_gradient(ShardLeaves& leaves, const std::function<void(size_t)>& ready);

}  // namespace simclr
