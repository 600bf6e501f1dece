// The threads behind shards: one each, kept for the life of a learner.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/dist/shard_group.h"
#include "core/task_thread.h"

namespace simclr {

/// `size` shards. Shard 0 is the calling thread; the others have threads of their own. Each computes with one
/// OpenMP thread unless there is a single shard, which uses `threads`.
class ShardPool {
 public:
  ShardPool(int size, int threads);
  ~ShardPool();

  int size() const { return static_cast<int>(groups_.size()); }

  /// Runs `work(shard, group)` on every shard and waits. The first failure (by shard) is rethrown after all
  /// have ended.
  void run(const std::function<void(int, Group&)>& work);

 private:
  int threads_;
  std::shared_ptr<ShardExchange> exchange_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::vector<std::unique_ptr<TaskThread>> workers_;
};

}  // namespace simclr
