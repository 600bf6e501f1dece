// The threads behind shards: one each, kept for the life of a learner.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/dist/rank_group.h"
#include "core/dist/roll_call.h"
#include "core/task_thread.h"
#include "core/team.h"

namespace simclr {

/// `size` shards. Shard 0 is the calling thread; the others have threads of their own. Each computes with one
/// OpenMP thread unless there is a single shard, which uses `threads`.
class ShardPool {
 public:
  /// `processes`: the shards of these ranks make up one group; null: those of this process alone.
  ShardPool(int size, int threads, ProcessGroup* processes = nullptr);
  ~ShardPool();

  int size() const { return static_cast<int>(groups_.size()); }

  /// How the batch that comes next is shared between ranks.
  void set_batch(const RollCall& roll);

  /// Shard `shard`'s place among the shards of this process alone.
  Group& local(int shard) { return *local_[shard]; }

  /// Runs `work(shard, group)` on every shard and waits; `group` is that of all ranks. The first failure (by
  /// shard) is rethrown after all have ended.
  void run(const std::function<void(int, Group&)>& work);

  /// The shards of this process, for work that needs no group.
  Team team();

 private:
  int threads_;
  std::shared_ptr<ShardExchange> exchange_;
  std::shared_ptr<RankLayout> layout_;  // null in a process alone
  std::vector<std::unique_ptr<Group>> local_, ranked_;
  std::vector<Group*> groups_;
  std::vector<std::unique_ptr<TaskThread>> workers_;
};

}  // namespace simclr
