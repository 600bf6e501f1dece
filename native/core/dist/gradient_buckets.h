// Gradients of all shards of all ranks, added up in buckets while the backward pass still computes earlier
// layers. (c10d::Reducer divides by the number of ranks and wants one gradient a parameter and process: not
// what a batch that is one whole needs.) For ranks on several machines, and on GPUs.
#pragma once

#include <ATen/ATen.h>

#include <mutex>
#include <vector>

#include "core/dist/process_group.h"
#include "core/dist/rank_gradients.h"

namespace simclr {

class GradientBuckets final : public RankGradients {
 public:
  /// `leaves[shard][parameter]` are the shards' autograd leaves; `gradients` get the sums, and become parts
  /// of the buckets, of the shapes, types and layouts they have.
  GradientBuckets(ProcessGroup& processes, const std::vector<at::Tensor>& gradients, ShardLeaves& leaves,
                  const BucketOptions& options);

  void begin(bool add) override;

  /// Sends what no backward pass has reached, and waits for all.
  void finish() override;
  void scale(double factor) override;

  const std::vector<at::Tensor>& own() const override { return gradients_; }

 private:
  struct Bucket {
    at::Tensor flat;
    at::Tensor sent;  // `flat`, or its bf16 copy
    std::vector<size_t> parameters;
    int64_t missing = 0;  // gradients of shards still to come
    Pending pending;
  };

  void ready(size_t parameter);
  /// Sends complete buckets in order. Called by whichever shard completed one; one thread at a time.
  void send_complete(std::unique_lock<std::mutex>& lock);
  void send(Bucket& bucket);

  ProcessGroup& processes_;
  ShardLeaves& leaves_;
  const bool compress_;
  std::vector<at::Tensor> gradients_;
  std::vector<size_t> bucket_of_;  // by parameter
  std::vector<Bucket> buckets_;    // in the order they are sent: last layers first
  std::mutex mutex_;
  size_t next_ = 0;  // bucket to send
  bool sending_ = false;
  bool begun_ = false;
  bool add_ = false;
};

}  // namespace simclr
