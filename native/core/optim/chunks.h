// All weights as one list of equal pieces of work, so that a pass over them is parallel whatever the number
// and sizes of the tensors.
#pragma once

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <vector>

#include "core/optim/optimizer.h"
#include "core/optim/update_kernels.h"

namespace simclr {

class Chunks {
 public:
  struct Chunk {
    size_t tensor;
    int64_t begin;
    int64_t count;
  };

  /// Chunks [begin, end) of the list: all chunks of tensors [first_tensor, end_tensor).
  struct Group {
    size_t begin, end;
    size_t first_tensor, end_tensor;
  };

  explicit Chunks(const std::vector<OptimizedTensor>& tensors) {
    int64_t values = kGroup;
    for (size_t t = 0; t < tensors.size(); ++t) {
      const int64_t count = tensors[t].weight.numel();
      if (values + count > kGroup) {
        groups_.push_back({chunks_.size(), chunks_.size(), t, t});
        values = 0;
      }
      values += count;
      for (int64_t begin = 0; begin < count; begin += kSize)
        chunks_.push_back({t, begin, std::min(kSize, count - begin)});
      groups_.back().end = chunks_.size();
      groups_.back().end_tensor = t + 1;
    }
  }

  size_t size() const { return chunks_.size(); }
  const Chunk& operator[](size_t i) const { return chunks_[i]; }

  /// Whole tensors, together a cacheful where one alone is not more: what needs two passes makes both over a
  /// group while it is near, and reads memory once.
  const std::vector<Group>& groups() const { return groups_; }

  /// Calls work(chunk's place in the list, chunk, slice) for every chunk, on all threads.
  template <class T, class Work>
  void each(const std::vector<OptimizedTensor>& tensors, const std::vector<at::Tensor>& momentum,
            const Work& work) const {
    each<T>({0, chunks_.size(), 0, tensors.size()}, tensors, momentum, work);
  }

  /// The same for the chunks of one group.
  template <class T, class Work>
  void each(const Group& group, const std::vector<OptimizedTensor>& tensors,
            const std::vector<at::Tensor>& momentum, const Work& work) const {
    const auto first = static_cast<int64_t>(group.begin), last = static_cast<int64_t>(group.end);
    at::parallel_for(first, last, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const Chunk& chunk = chunks_[i];
        const OptimizedTensor& tensor = tensors[chunk.tensor];
        work(i, chunk,
             Slice<T>{static_cast<T*>(tensor.weight.data_ptr()) + chunk.begin,
                      static_cast<T*>(momentum[chunk.tensor].data_ptr()) + chunk.begin,
                      static_cast<const T*>(tensor.gradient.const_data_ptr()) + chunk.begin, chunk.count});
      }
    });
  }

 private:
  static constexpr int64_t kSize = 1 << 15;   // 128 KiB of weights: three arrays of it stay in cache
  static constexpr int64_t kGroup = 1 << 18;  // 2 MiB of weights and gradients
  std::vector<Chunk> chunks_;
  std::vector<Group> groups_;
};

}  // namespace simclr
