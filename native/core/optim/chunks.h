// All weights as one list of equal pieces of work, so that a step is one or two parallel passes whatever the
// number and sizes of the tensors.
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

  explicit Chunks(const std::vector<OptimizedTensor>& tensors) {
    for (size_t t = 0; t < tensors.size(); ++t) {
      for (int64_t begin = 0; begin < tensors[t].weight.numel(); begin += kSize)
        chunks_.push_back({t, begin, std::min(kSize, tensors[t].weight.numel() - begin)});
    }
  }

  size_t size() const { return chunks_.size(); }
  const Chunk& operator[](size_t i) const { return chunks_[i]; }

  /// Calls work(chunk's place in the list, chunk, slice) for every chunk, on all threads.
  template <class T, class Work>
  void each(const std::vector<OptimizedTensor>& tensors, const std::vector<at::Tensor>& momentum,
            const Work& work) const {
    at::parallel_for(0, static_cast<int64_t>(chunks_.size()), 1, [&](int64_t begin, int64_t end) {
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
  static constexpr int64_t kSize = 1 << 15;  // 128 KiB of weights: three arrays of it stay in cache
  std::vector<Chunk> chunks_;
};

}  // namespace simclr
