// Plain structs on their way to a GPU.
#pragma once

#include <ATen/ATen.h>

#include <cstring>
#include <vector>

namespace simclr::cuda {

/// A copy of `values` in device memory, as bytes.
template <class T>
at::Tensor upload(const std::vector<T>& values, const at::Device& device) {
  const at::Tensor host = at::empty({static_cast<int64_t>(values.size() * sizeof(T))}, at::kByte);
  std::memcpy(host.data_ptr(), values.data(), host.nbytes());
  return host.to(device);
}

}  // namespace simclr::cuda
