#include "core/dist/shard_pool.h"

#include <ATen/Parallel.h>

#include <exception>
#include <latch>

namespace simclr {

ShardPool::ShardPool(int size, int threads)
    : threads_(size == 1 ? threads : 1), exchange_(std::make_shared<ShardExchange>(size)) {
  if (size == 1) {
    groups_.push_back(std::make_unique<SoloGroup>());
    return;
  }
  for (int shard = 0; shard < size; ++shard)
    groups_.push_back(std::make_unique<ShardGroup>(exchange_, shard));
  for (int shard = 1; shard < size; ++shard) workers_.push_back(std::make_unique<TaskThread>());
}

ShardPool::~ShardPool() = default;

void ShardPool::run(const std::function<void(int, Group&)>& work) {
  const int size = this->size();
  std::vector<std::exception_ptr> failures(size);
  std::latch ended(size - 1);
  const auto run_one = [&](int shard) {
    try {
      at::set_num_threads(threads_);  // OpenMP's count is per thread
      work(shard, *groups_[shard]);
    } catch (...) {
      failures[shard] = std::current_exception();
      exchange_->barrier.abort();
    }
  };
  for (int shard = 1; shard < size; ++shard) {
    workers_[shard - 1]->post([&, shard] {
      run_one(shard);
      ended.count_down();
    });
  }
  run_one(0);
  ended.wait();
  exchange_->slots.assign(size, at::Tensor());
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
