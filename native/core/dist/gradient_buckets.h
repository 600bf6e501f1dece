// Gradients of all shards of all ranks, added up in buckets while the backward pass still computes earlier
// layers. (c10d::Reducer divides by the number of ranks and wants one gradient a parameter and process: not
// what a batch that is one whole needs.)
#pragma once

#include <ATen/ATen.h>

#include <mutex>
#include <vector>

#include "core/dist/process_group.h"
#include "core/dist/shard_gradients.h"

namespace simclr {

struct BucketOptions {
  int64_t bytes = int64_t{4} << 20;  ///< of a bucket, about
  bool compress = false;             ///< gradients are sent, and added up between ranks, as bf16
};

class GradientBuckets {
 public:
  /// `leaves[shard][parameter]` are the shards' autograd leaves; `like` gives gradients their shapes, types
  /// and layouts. Their gradients are taken from the leaves as the backward pass makes them.
  GradientBuckets(ProcessGroup& processes, const std::vector<at::Tensor>& like, ShardLeaves& leaves,
                  const BucketOptions& options);

  /// By parameter; parts of the buckets. Valid after `finish`.
  const std::vector<at::Tensor>& gradients() const { return gradients_; }

  /// Before the last backward pass of a step, whose gradients are sent; `add`: to what is in `gradients`
  /// already. Backward passes before it send nothing: their gradients stay in the leaves.
  void begin(bool add = false);

  /// Sends what no backward pass has reached (zeros where no shard has a gradient), and waits for all.
  void finish();

 private:
  struct Bucket {
    at::Tensor flat;
    at::Tensor sent;  // `flat`, or its bf16 copy
    std::vector<size_t> parameters;
    int64_t missing = 0;  // gradients of shards still to come
    Pending pending;
  };
  class Hook;

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
