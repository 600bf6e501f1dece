// Gradients added up in memory that the ranks of one machine share: each puts its own there as the backward
// pass makes them, and then adds up one part of all of them, for everybody.
#pragma once

#include <atomic>

#include "core/dist/rank_gradients.h"

namespace simclr {

class HostGradients final : public RankGradients {
 public:
  /// As GradientBuckets; `gradients` become parts of the shared memory. Null, on all ranks, where the ranks
  /// share none or too little. All ranks at the same time.
  static std::unique_ptr<HostGradients> make(ProcessGroup& processes,
                                             const std::vector<at::Tensor>& gradients, ShardLeaves& leaves,
                                             const BucketOptions& options);

  void begin(bool add) override;
  void finish() override;
  void scale(double factor) override;
  const std::vector<at::Tensor>& own() const override { return own_; }

 private:
  /// Of one parameter, in a rank's own part of the memory.
  struct Slot {
    int64_t offset = 0;  // bytes
    at::ScalarType type;
  };
  HostGradients(ProcessGroup& processes, const std::vector<at::Tensor>& gradients, ShardLeaves& leaves);

  /// The sum of this rank's shards goes into its slot.
  void put(size_t parameter);
  /// Calls work(parameter, begin, end) for the values that are this rank's part of all.
  void for_own_part(const std::function<void(size_t, int64_t, int64_t)>& work) const;
  /// Adds the ranks' values `begin` .. `end` - 1 of a parameter up.
  void add_up(size_t parameter, int64_t begin, int64_t end);

  ProcessGroup& processes_;
  ShardLeaves& leaves_;
  std::vector<at::Tensor> gradients_;
  std::vector<Slot> slots_;                    // by parameter
  std::vector<at::Tensor> own_;                // by parameter: this rank's slots
  std::vector<std::atomic<int64_t>> missing_;  // by parameter: gradients of shards still to come
  int64_t stride_ = 0;                         // bytes of a rank's slots
  int64_t values_ = 0;                         // of all parameters
  at::Tensor memory_;
  bool begun_ = false;
  bool add_ = false;
};

}  // namespace simclr
