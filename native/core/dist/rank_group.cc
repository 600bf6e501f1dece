#include "core/dist/rank_group.h"

#include <algorithm>

namespace simclr {

template <class Combine, class Look>
at::Tensor RankGroup::together(const at::Tensor& value, const Combine& combine, const Look& look) {
  const Slots& slots = exchange_->meet(shard_, value);
  look(slots);
  if (shard_ == 0) layout_->result = combine(slots);
  // The next collective's first barrier is where everybody has read this one's result.
  exchange_->barrier.wait(exchange_->barrier.arrive());
  return layout_->result;
}

at::Tensor RankGroup::gather_rows(const at::Tensor& rows, const std::vector<int64_t>& counts) {
  const int64_t most = *std::max_element(counts.begin(), counts.end());
  at::Tensor padded = rows;
  if (rows.size(0) < most) {
    std::vector<int64_t> shape = rows.sizes().vec();
    shape[0] = most - rows.size(0);
    padded = at::cat({rows, at::zeros(shape, rows.options())}, 0);
  }
  const at::Tensor all = processes_.all_gather(padded);
  std::vector<at::Tensor> parts;
  for (size_t rank = 0; rank < counts.size(); ++rank) {
    parts.push_back(all.select(0, static_cast<int64_t>(rank)).narrow(0, 0, counts[rank]));
  }
  return at::cat(parts, 0);
}

at::Tensor RankGroup::all_gather(const at::Tensor& value) {
  return together(
      value, [&](const Slots& slots) { return gather_rows(at::stack(slots), layout_->shards); },
      [](const Slots&) {});
}

BatchRows RankGroup::gather_images(const at::Tensor& rows) {
  int64_t first = layout_->first_image;
  const at::Tensor all = together(
      rows, [&](const Slots& slots) { return gather_rows(at::cat(slots, 0), layout_->images); },
      [&](const Slots& slots) { first += rows_before(slots, shard_); });
  return {all, first};
}

at::Tensor RankGroup::all_reduce_sum(const at::Tensor& value) {
  const auto combine = [&](const Slots& slots) { return processes_.all_reduce_sum(sum_of(slots)); };
  return together(value, combine, [](const Slots&) {});
}

}  // namespace simclr
