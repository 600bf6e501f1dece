// Who shares a batch. Threads of one process (shards) and processes (ranks) look the same to BatchNorm and
// the loss: a member is a shard, and a rank may hold several.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>

namespace simclr {

/// Rows of the whole batch, one an image, and where a member's own begin.
struct BatchRows {
  at::Tensor rows;
  int64_t first;
};

/// Gives the sum, once everybody's value is there.
using PendingSum = std::function<at::Tensor()>;

/// Members 0 .. size()-1 hold contiguous parts of one global batch and call the same collectives in the same
/// order. Collectives are not differentiable: the callers' backward passes say what they need. What is
/// brought to them, and what they return, may be read by other members for some time: neither is changed in
/// place.
class Group {
 public:
  virtual ~Group() = default;
  virtual int size() const = 0;

  /// Every member's `value`, all of one shape, along a new dimension 0 in the order of ranks.
  virtual at::Tensor all_gather(const at::Tensor& value) = 0;

  /// Every member's `rows`, one for each of its images of this batch, along dimension 0 in the order of
  /// ranks.
  virtual BatchRows gather_images(const at::Tensor& rows) = 0;

  /// Sum over members, in an order that does not change, so that every member gets the same bits.
  virtual at::Tensor all_reduce_sum(const at::Tensor& value) = 0;

  /// The same sum, called for later: what a member computes until then, others need not wait for. It calls no
  /// other collective in between.
  virtual PendingSum begin_sum(const at::Tensor& value) {
    return [this, value] { return all_reduce_sum(value); };
  }
};

/// A group of one: no communication, no copies.
class SoloGroup final : public Group {
 public:
  int size() const override { return 1; }
  at::Tensor all_gather(const at::Tensor& value) override { return value.unsqueeze(0); }
  BatchRows gather_images(const at::Tensor& rows) override { return {rows, 0}; }
  at::Tensor all_reduce_sum(const at::Tensor& value) override { return value; }
};

}  // namespace simclr
