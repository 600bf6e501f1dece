// One set of master weights, one copy in the computing precision, and for each shard its own autograd leaves
// on the same memory, so that shards differentiate independently and their gradients are added in a fixed
// order.
#pragma once

#include <memory>
#include <vector>

#include "core/dist/gradient_buckets.h"
#include "core/dist/shard_pool.h"
#include "core/nn/parameters.h"

namespace simclr {

class Replicas {
 public:
  /// `parameters` must outlive this and keep its storage.
  Replicas(Parameters& parameters, at::ScalarType compute, int shards);

  /// From now on gradients are summed over these ranks too, while the backward pass runs. Once, before the
  /// first.
  void share_gradients(ProcessGroup& processes, const BucketOptions& options);

  /// Shard `shard`'s weights by parameter index: leaves that require gradients.
  const std::vector<at::Tensor>& leaves(int shard) const { return leaves_[shard]; }

  /// Gradients by parameter index, in the masters' type and layout; valid after `collect`.
  const std::vector<at::Tensor>& gradients() const { return buckets_ ? buckets_->gradients() : gradients_; }

  /// Before a backward pass.
  void begin();

  /// Sums the shards' gradients in shard order (zero where a parameter took no part) and clears the leaves;
  /// with several ranks, waits for their sum.
  void collect(ShardPool& pool);

  /// Copies the masters into the computing precision, after they have changed.
  void refresh(ShardPool& pool);

 private:
  /// Calls work(index) for every parameter, dealt to the shards by size.
  void for_parameters(ShardPool& pool, const std::function<void(size_t)>& work);

  Parameters& parameters_;
  std::vector<at::Tensor> compute_;  // by parameter; the master itself where the types agree
  ShardLeaves leaves_;               // by shard, by parameter
  std::vector<at::Tensor> gradients_;
  std::unique_ptr<GradientBuckets> buckets_;  // with several ranks, in place of `gradients_`
};

}  // namespace simclr
