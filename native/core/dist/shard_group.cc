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

at::Tensor sum_of(const ShardExchange::Slots& slots) {
  at::Tensor sum = slots[0];
  if (slots.size() > 1) sum = sum.clone();
  for (size_t i = 1; i < slots.size(); ++i) sum.add_(slots[i]);
  return sum;
}

int64_t rows_before(const ShardExchange::Slots& slots, int shard) {
  int64_t rows = 0;
  for (int other = 0; other < shard; ++other) rows += slots[other].size(0);
  return rows;
}

at::Tensor ShardGroup::all_gather(const at::Tensor& value) {
  return at::stack(exchange_->meet(shard_, value));
}

BatchRows ShardGroup::gather_images(const at::Tensor& rows) {
  const ShardExchange::Slots& slots = exchange_->meet(shard_, rows);
  return {at::cat(slots, 0), rows_before(slots, shard_)};
}

PendingSum ShardGroup::begin_sum(const at::Tensor& value) {
  return [this, meeting = exchange_->bring(shard_, value)] { return sum_of(exchange_->wait(meeting)); };
}

}  // namespace simclr
