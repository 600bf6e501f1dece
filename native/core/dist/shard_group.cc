#include "core/dist/shard_group.h"

namespace simclr {

uint64_t ShardExchange::bring(int shard, const at::Tensor& value) {
  slots_[barrier.meetings() % 2][shard] = value.detach();
  return barrier.arrive();
}

const ShardExchange::Slots& ShardExchange::wait(uint64_t meeting) {
  barrier.wait(meeting);
  return slots_[meeting % 2];
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

PendingSum ShardGroup::begin_sum(const at::Tensor& value) {
  return [this, meeting = exchange_->bring(rank_, value)] {
    const ShardExchange::Slots& slots = exchange_->wait(meeting);
    at::Tensor sum = slots[0].clone();
    for (int other = 1; other < size(); ++other) sum.add_(slots[other]);
    return sum;
  };
}

}  // namespace simclr
