// Who shares a batch. Threads of one process (shards) and processes (ranks) look the same to BatchNorm and
// the loss.
#pragma once

#include <ATen/ATen.h>

namespace simclr {

/// Members 0 .. size()-1 hold contiguous parts of one global batch and call the same collectives in the same
/// order. Collectives are not differentiable: the callers' backward passes say what they need.
class Group {
 public:
  virtual ~Group() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// Concatenation of every member's `rows` along dimension 0, by rank. Row counts may differ, the rest may
  /// not.
  virtual at::Tensor all_gather(const at::Tensor& rows) = 0;

  /// Sum over members, added in rank order, so that every member gets the same bits.
  virtual at::Tensor all_reduce_sum(const at::Tensor& value) = 0;
};

/// A group of one: no communication, no copies.
class SoloGroup final : public Group {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  at::Tensor all_gather(const at::Tensor& rows) override { return rows; }
  at::Tensor all_reduce_sum(const at::Tensor& value) override { return value; }
};

}  // namespace simclr
