// All weights as groups of whole tensors, of pieces of work that fit a core's cache.
#pragma once

#include <algorithm>
#include <vector>

#include "core/optim/optimized_tensor.h"
#include "core/optim/update_kernels.h"
#include "core/team.h"

namespace simclr {

class Chunks {
 public:
  struct Chunk {
    size_t tensor;
    int64_t begin;
    int64_t count;
  };

  /// Chunks [begin, end) of the list: all chunks of tensors [first_tensor, end_tensor), `values` in all.
  struct Group {
    size_t begin, end;
    size_t first_tensor, end_tensor;
    int64_t values;
  };

  explicit Chunks(const std::vector<OptimizedTensor>& tensors) {
    for (size_t t = 0; t < tensors.size(); ++t) {
      const int64_t count = tensors[t].weight.numel();
      if (groups_.empty() || groups_.back().values + count > kGroup)
        groups_.push_back({chunks_.size(), chunks_.size(), t, t, 0});
      groups_.back().values += count;
      for (int64_t begin = 0; begin < count; begin += kSize)
        chunks_.push_back({t, begin, std::min(kSize, count - begin)});
      groups_.back().end = chunks_.size();
      groups_.back().end_tensor = t + 1;
    }
  }

  size_t size() const { return chunks_.size(); }
  const Chunk& operator[](size_t i) const { return chunks_[i]; }

  /// Calls work(group) for every group, dealt to the team by their values. A group's tensors are whole and
  /// together a cacheful where one alone is not more: what needs two passes makes both while it is near.
  template <class Work>
  void deal(const Team& team, const Work& work) const {
    simclr::deal(
        team, groups_.size(), [&](size_t g) { return groups_[g].values; },
        [&](size_t g) { work(groups_[g]); });
  }

  /// Where chunk `i` lies.
  template <class T>
  Slice<T> slice(size_t i, const std::vector<OptimizedTensor>& tensors) const {
    const Chunk& chunk = chunks_[i];
    const OptimizedTensor& tensor = tensors[chunk.tensor];
    const auto at = [&](const at::Tensor& array) { return static_cast<T*>(array.data_ptr()) + chunk.begin; };
    return {at(tensor.weight), at(tensor.momentum),
            static_cast<const T*>(tensor.gradient.const_data_ptr()) + chunk.begin, chunk.count,
            tensor.second_moment.defined() ? at(tensor.second_moment) : nullptr};
  }

 private:
  static constexpr int64_t kSize = 1 << 15;   // 128 KiB of weights: three arrays of it stay in cache
  static constexpr int64_t kGroup = 1 << 18;  // 2 MiB of weights and gradients
  std::vector<Chunk> chunks_;
  std::vector<Group> groups_;
};

}  // namespace simclr
