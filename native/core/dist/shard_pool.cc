#include "core/dist/shard_pool.h"

#include <exception>
#include <latch>
#include <numeric>

#include "core/machine/own_threads.h"

namespace simclr {

ShardPool::ShardPool(int size, int threads, ProcessGroup* processes)
    : threads_(size == 1 ? threads : 1), exchange_(std::make_shared<ShardExchange>(size)) {
  if (processes != nullptr) layout_ = std::make_shared<RankLayout>();
  for (int shard = 0; shard < size; ++shard) {
    if (size == 1) {
      local_.push_back(std::make_unique<SoloGroup>());
    } else {
      local_.push_back(std::make_unique<ShardGroup>(exchange_, shard));
    }
    if (processes != nullptr) {
      ranked_.push_back(std::make_unique<RankGroup>(*processes, layout_, exchange_, shard));
      groups_.push_back(ranked_.back().get());
    } else {
      groups_.push_back(local_.back().get());
    }
  }
  for (int shard = 1; shard < size; ++shard) workers_.push_back(std::make_unique<TaskThread>());
}

ShardPool::~ShardPool() = default;

void ShardPool::set_batch(const RollCall& roll) {
  if (!layout_) return;
  *layout_ = {roll.shards,
              roll.images,
              roll.first_image,
              static_cast<int>(std::accumulate(roll.shards.begin(), roll.shards.end(), int64_t{0})),
              {}};
}

Team ShardPool::team() {
  return {size(),
          [this](c10::function_ref<void(int)> work) { run([&](int shard, Group&) { work(shard); }); }};
}

void ShardPool::run(const std::function<void(int, Group&)>& work) {
  const int size = this->size();
  std::vector<std::exception_ptr> failures(size);
  std::latch ended(size - 1);
  const auto run_one = [&](int shard) {
    try {
      const OwnThreads threads(threads_);
      work(shard, *groups_[shard]);
    } catch (...) {
      failures[shard] = std::current_exception();
      exchange_->barrier.abort();
    }
  };
  int posted = 1;
  try {
    for (; posted < size; ++posted) {
      workers_[posted - 1]->post([&, shard = posted] {
        run_one(shard);
        ended.count_down();
      });
    }
    run_one(0);
  } catch (...) {  // no memory to post: those that were use this frame until they have ended
    failures[posted] = std::current_exception();
    exchange_->barrier.abort();
    ended.count_down(size - posted);
  }
  ended.wait();
  exchange_->clear();
  if (layout_) layout_->result.reset();
  exchange_->barrier.reset();
  std::exception_ptr echo;
  for (const auto& failure : failures) {
    if (!failure) continue;
    try {
      std::rethrow_exception(failure);
    } catch (const PeerFailed&) {
      echo = failure;
    }
  }
  if (echo) std::rethrow_exception(echo);
}

}  // namespace simclr
