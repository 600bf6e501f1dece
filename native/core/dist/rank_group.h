// A shard's place among all shards of all ranks: shards of a process meet in its barriers, and one of them
// speaks for all with the other processes.
#pragma once

#include "core/dist/process_group.h"
#include "core/dist/shard_group.h"

namespace simclr {

/// What the shards of a rank know of the batch under way: made by the roll call before it.
struct RankLayout {
  std::vector<int64_t> shards;  ///< of each rank
  std::vector<int64_t> images;  ///< of each rank, of this batch
  int64_t first_image = 0;      ///< this rank's first image
  int members = 0;              ///< shards of all ranks
  at::Tensor result;            ///< of the collective under way, for every shard of this rank
};

class RankGroup final : public Group {
 public:
  RankGroup(ProcessGroup& processes, std::shared_ptr<RankLayout> layout,
            std::shared_ptr<ShardExchange> exchange, int shard)
      : processes_(processes), layout_(std::move(layout)), exchange_(std::move(exchange)), shard_(shard) {}
  int size() const override { return layout_->members; }
  at::Tensor all_gather(const at::Tensor& value) override;
  BatchRows gather_images(const at::Tensor& rows) override;
  at::Tensor all_reduce_sum(const at::Tensor& value) override;

 private:
  using Slots = ShardExchange::Slots;

  /// Shard 0 makes the result out of all shards' values; every shard gets it. `look` may read them too.
  template <class Combine, class Look>
  at::Tensor together(const at::Tensor& value, const Combine& combine, const Look& look);

  /// Every rank's rows, `counts` of them, one after the other.
  at::Tensor gather_rows(const at::Tensor& rows, const std::vector<int64_t>& counts);

  ProcessGroup& processes_;
  std::shared_ptr<RankLayout> layout_;
  std::shared_ptr<ShardExchange> exchange_;
  int shard_;
};

}  // namespace simclr
