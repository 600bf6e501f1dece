#include "cuda/optim/lars.h"

#include <c10/cuda/CUDAStream.h>

#include <cstring>

#include "core/error.h"

namespace simclr::cuda {
namespace {

/// Copies plain structs into device memory.
template <class T>
at::Tensor upload(const std::vector<T>& values, const at::Device& device) {
  const at::Tensor host = at::empty({static_cast<int64_t>(values.size() * sizeof(T))}, at::kByte);
  std::memcpy(host.data_ptr(), values.data(), host.nbytes());
  return host.to(device);
}

void check(const OptimizedTensor& tensor, const at::Tensor& momentum) {
  for (const at::Tensor& array : {tensor.weight, tensor.gradient, momentum}) {
    if (array.is_cuda() && array.scalar_type() == at::kFloat && array.is_non_overlapping_and_dense() &&
        array.strides() == tensor.weight.strides())
      continue;
    throw Error("ERR_SIMCLR_DEVICE", "Expected `" + tensor.name +
                                         "`, its gradient and its momentum as dense float32 arrays of one "
                                         "layout on a CUDA device. Keep optimizer state in float32.");
  }
}

LarsForm form_of(const OptimizerSpec& spec) {
  if (spec.convention == Convention::kTorch) return LarsForm::kTorch;
  return spec.classic_momentum ? LarsForm::kPaperClassic : LarsForm::kPaperPopular;
}

}  // namespace

LarsKernels::LarsKernels(const OptimizerSpec& spec, const std::vector<OptimizedTensor>& tensors,
                         const std::vector<at::Tensor>& momentum)
    : options_{form_of(spec),          static_cast<float>(spec.momentum),
               spec.nesterov,          spec.weight_decay,
               spec.trust_coefficient, spec.epsilon},
      table_{} {
  std::vector<LarsTensor> rows;
  std::vector<LarsChunk> chunks;
  for (size_t t = 0; t < tensors.size(); ++t) {
    check(tensors[t], momentum[t]);
    const int64_t count = tensors[t].weight.numel();
    const auto first = static_cast<int32_t>(chunks.size());
    for (int64_t begin = 0; begin < count; begin += kLarsChunk)
      chunks.push_back({static_cast<int32_t>(t), begin});
    rows.push_back({tensors[t].weight.data_ptr<float>(), momentum[t].data_ptr<float>(),
                    tensors[t].gradient.const_data_ptr<float>(), count, first,
                    static_cast<int32_t>(chunks.size()) - first, tensors[t].excluded});
  }
  if (chunks.empty()) return;
  const at::Device device = tensors[0].weight.device();
  memory_ = {upload(rows, device), upload(chunks, device),
             upload(std::vector<LarsSquares>(chunks.size()), device)};
  table_ = {static_cast<const LarsTensor*>(memory_[0].data_ptr()),
            static_cast<const LarsChunk*>(memory_[1].data_ptr()),
            static_cast<LarsSquares*>(memory_[2].data_ptr()), static_cast<int>(chunks.size())};
}

void LarsKernels::step(const at::Tensor& lr) {
  const cudaStream_t stream = c10::cuda::getCurrentCUDAStream();
  const cudaError_t status = lars_step(table_, options_, lr.const_data_ptr<float>(), stream);
  if (status != cudaSuccess) throw Error("ERR_SIMCLR_NATIVE", cudaGetErrorString(status));
}

}  // namespace simclr::cuda
