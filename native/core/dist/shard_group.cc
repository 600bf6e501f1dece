#include "core/dist/shard_group.h"

namespace simclr {

void Barrier::arrive_and_wait() {
  std::unique_lock lock(mutex_);
  if (!aborted_) {
    const uint64_t mine = generation_;
    if (++waiting_ == parties_) {
      waiting_ = 0;
      ++generation_;
      released_.notify_all();
      return;
    }
    released_.wait(lock, [&] { return aborted_ || generation_ != mine; });
    if (generation_ != mine) return;
  }
  throw PeerFailed();
}

void Barrier::abort() {
  std::lock_guard lock(mutex_);
  aborted_ = true;
  released_.notify_all();
}

void Barrier::reset() {
  std::lock_guard lock(mutex_);
  aborted_ = false;
  waiting_ = 0;
}

at::Tensor ShardGroup::all_gather(const at::Tensor& value) {
  exchange_->slots[rank_] = value.detach();
  exchange_->barrier.arrive_and_wait();
  at::Tensor out = at::stack(exchange_->slots);
  // Nobody may overwrite a slot, or the memory behind it, while another shard still reads it.
  exchange_->barrier.arrive_and_wait();
  return out;
}

BatchRows ShardGroup::gather_images(const at::Tensor& rows) {
  exchange_->slots[rank_] = rows.detach();
  exchange_->barrier.arrive_and_wait();
  BatchRows out{at::cat(exchange_->slots, 0), 0};
  for (int other = 0; other < rank_; ++other) out.first += exchange_->slots[other].size(0);
  exchange_->barrier.arrive_and_wait();
  return out;
}

at::Tensor ShardGroup::all_reduce_sum(const at::Tensor& value) {
  exchange_->slots[rank_] = value.detach();
  exchange_->barrier.arrive_and_wait();
  at::Tensor sum = exchange_->slots[0].clone();
  for (int other = 1; other < size(); ++other) sum.add_(exchange_->slots[other]);
  exchange_->barrier.arrive_and_wait();
  return sum;
}

}  // namespace simclr
