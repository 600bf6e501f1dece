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
  std::exception_ptr first;
  for (const auto& failure : failures) {
    if (!failure) continue;
    if (!first) first = failure;
    // The root cause, not the "another shard failed" it set off.
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      if (std::string_view(error.what()) != "another shard of this step failed") {
        first = failure;
        break;
      }
    } catch (...) {
    }
  }
  exchange_->slots.assign(size, at::Tensor());
  exchange_->barrier.reset();
  if (first) std::rethrow_exception(first);
}

}  // namespace simclr
