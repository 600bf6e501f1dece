// Shards: threads of one process that hold parts of one batch and meet in blocking barriers.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "core/dist/group.h"
#include "core/error.h"

namespace simclr {

/// What a waiting shard throws when another one failed: an echo, never the cause.
struct PeerFailed : Error {
  PeerFailed() : Error("ERR_SIMCLR_NATIVE", "another shard of this step failed") {}
};

/// A barrier that sleeps: on a shared machine a spinning one costs a scheduler's time slice whenever a core
/// is taken away (docs/performance.md). `abort` releases everybody with an error, so that one shard's failure
/// cannot leave the others waiting.
class Barrier {
 public:
  explicit Barrier(int parties) : parties_(parties) {}
  void arrive_and_wait();
  void abort();
  void reset();

 private:
  const int parties_;
  int waiting_ = 0;
  uint64_t generation_ = 0;
  bool aborted_ = false;
  std::mutex mutex_;
  std::condition_variable released_;
};

/// What the shards of one process share.
struct ShardExchange {
  explicit ShardExchange(int size) : barrier(size), slots(size) {}
  int size() const { return static_cast<int>(slots.size()); }

  Barrier barrier;
  std::vector<at::Tensor> slots;  ///< what each shard brings to the collective under way
};

/// One shard's place in its group.
class ShardGroup final : public Group {
 public:
  ShardGroup(std::shared_ptr<ShardExchange> exchange, int rank)
      : exchange_(std::move(exchange)), rank_(rank) {}
  int rank() const override { return rank_; }
  int size() const override { return exchange_->size(); }
  at::Tensor all_gather(const at::Tensor& value) override;
  BatchRows gather_images(const at::Tensor& rows) override;
  at::Tensor all_reduce_sum(const at::Tensor& value) override;

 private:
  std::shared_ptr<ShardExchange> exchange_;
  int rank_;
};

}  // namespace simclr
