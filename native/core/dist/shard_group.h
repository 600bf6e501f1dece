// Shards: threads of one process that hold parts of one batch and meet in blocking barriers.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "core/dist/barrier.h"
#include "core/dist/group.h"

namespace simclr {

/// What the shards of one process share.
class ShardExchange {
 public:
  using Slots = std::vector<at::Tensor>;

  explicit ShardExchange(int size) : barrier(size), slots_{Slots(size), Slots(size)} {}
  int size() const { return static_cast<int>(slots_[0].size()); }

  /// Brings a shard's value to the next meeting, whose number it returns. Nobody may write to what it brought
  /// before it has met the others twice more.
  uint64_t bring(int shard, const at::Tensor& value);

  /// What every shard brought to a meeting, once all have. It stays until the shard that asks brings its next
  /// value.
  const Slots& wait(uint64_t meeting);

  const Slots& meet(int shard, const at::Tensor& value) { return wait(bring(shard, value)); }

  /// Lets go of what was brought.
  void clear();

  Barrier barrier;

 private:
  std::array<Slots, 2> slots_;  ///< by turns: while one is read, the next meeting's fills
};

/// Of all slots, in their order.
at::Tensor sum_of(const ShardExchange::Slots& slots);

/// Rows in the slots before a shard's.
int64_t rows_before(const ShardExchange::Slots& slots, int shard);

/// One shard's place in its group.
class ShardGroup final : public Group {
 public:
  ShardGroup(std::shared_ptr<ShardExchange> exchange, int shard)
      : exchange_(std::move(exchange)), shard_(shard) {}
  int size() const override { return exchange_->size(); }
  at::Tensor all_gather(const at::Tensor& value) override;
  BatchRows gather_images(const at::Tensor& rows) override;
  at::Tensor all_reduce_sum(const at::Tensor& value) override { return begin_sum(value)(); }
  PendingSum begin_sum(const at::Tensor& value) override;

 private:
  std::shared_ptr<ShardExchange> exchange_;
  int shard_;
};

}  // namespace simclr
