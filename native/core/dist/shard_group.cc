#include "core/dist/shard_group.h"

namespace simclr {

const ShardExchange::Slots& ShardExchange::meet(int shard, const at::Tensor& value) {
  Slots& slots = slots_[barrier.meetings() % 2];
  slots[shard] = value.detach();
  barrier.arrive_and_wait();
  return slots;
}

void ShardExchange::clear() {
  for (Slots& slots : slots_) slots.assign(slots.size(), at::Tensor());
}

at::Tensor ShardGroup::all_gather(const at::Tensor& value) {
  return at::stack(exchange_->meet(rank_, value));
}

BatchRows ShardGroup::gather_images(const at::Tensor& rows) {
  const ShardExchange::Slots& slots = exchange_->meet(rank_, rows);
  BatchRows out{at::cat(slots, 0), 0};
  for (int other = 0; other < rank_; ++other) out.first += slots[other].size(0);
  return out;
}

at::Tensor ShardGroup::all_reduce_sum(const at::Tensor& value) {
  const ShardExchange::Slots& slots = exchange_->meet(rank_, value);
  at::Tensor sum = slots[0].clone();
  for (int other = 1; other < size(); ++other) sum.add_(slots[other]);
  return sum;
}

}  // namespace simclr
