// One set of master weights, one copy in the computing precision, and for each shard its own autograd leaves
// on the same memory, so that shards differentiate independently and their gradients are added in a fixed
// order.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "core/dist/rank_gradients.h"
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

  /// Indices of the parameters that are trained; each has a gradient, in this order.
  const std::vector<size_t>& trained() const { return trained_; }

  /// Shard `shard`'s weights by parameter index: leaves that require gradients where they are trained.
  const std::vector<at::Tensor>& leaves(int shard) const { return leaves_[shard]; }

  /// Gradients of the trained parameters, in the masters' type and layout; valid after `collect`, without
  /// memory between `begin` and the moment that the backward pass makes them (one process on a CPU).
  const std::vector<at::Tensor>& gradients() const { return gradients_; }

  /// Before a backward pass, the first or the last of a step or both. Between the two come others.
  void begin(bool first = true, bool last = true);

  /// Sums the shards' gradients in shard order (zero where a trained parameter took no part), adds those of
  /// the step's earlier passes and clears the leaves; after the last pass, with several ranks, waits for
  /// their sum.
  void collect(ShardPool& pool);

  /// The 2-norm of all gradients together, a scalar on their device; valid after `collect`.
  at::Tensor gradient_norm(ShardPool& pool);

  /// Multiplies all gradients; after `collect`, on all ranks.
  void scale_gradients(ShardPool& pool, double factor);

  /// Gradients that are together longer than `most` become that long, in the direction they have: times
  /// most / (norm + 1e-6) where that is below 1 (torch.nn.utils.clip_grad_norm_; Pascanu et al. 2013, arXiv
  /// 1211.5063, algorithm 1). `norm`: as `gradient_norm` has it; on a GPU it is not read back. After
  /// `collect`, on all ranks, which take the first one's norm.
  void clip_gradients(ShardPool& pool, const at::Tensor& norm, double most);

  /// Copies the masters into the computing precision, after they have changed: all, or one parameter's.
  void refresh(ShardPool& pool);
  void refresh(size_t parameter);

 private:
  /// Of a backward pass that has failed.
  void drop_gradients();

  /// Takes a parameter's gradients as soon as all shards have one: what they were computed in is free for the
  /// rest of the backward pass.
  void take_early();

  /// The same on a GPU, whose one shard launches all copies together.
  void collect_at_once();
  void refresh_at_once();

  /// Calls work(index) for every one of `tensors`, dealt to the shards by size.
  static void for_each(ShardPool& pool, const std::vector<at::Tensor>& tensors,
                       const std::function<void(size_t)>& work);

  Parameters& parameters_;
  std::vector<at::Tensor> compute_;  // by parameter; the master itself where the types agree
  ShardLeaves leaves_;               // by shard, by parameter
  std::vector<size_t> trained_;
  // From here on by their order in `trained_`.
  ShardLeaves learning_;  // the very leaves
  std::vector<at::Tensor> gradients_;
  std::vector<std::atomic<int>> missing_;  // shards without a gradient yet; empty: not counted
  bool first_ = true, last_ = true;        // the pass under way
  ProcessGroup* processes_ = nullptr;      // with several ranks
  BucketOptions options_;
  std::unique_ptr<RankGradients> shared_;
};

}  // namespace simclr
