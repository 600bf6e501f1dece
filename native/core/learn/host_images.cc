#include "core/learn/host_images.h"

#include <ATen/Parallel.h>

namespace simclr {

at::Tensor host_images(int64_t count, int64_t size, at::Device device,
                       const std::function<void(int64_t row, float* pixels)>& make) {
  const auto options = at::TensorOptions(at::kFloat).pinned_memory(device.is_cuda());
  at::Tensor images = at::empty({count, size, size, 3}, options);
  auto* const pixels = images.mutable_data_ptr<float>();
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) make(row, pixels + row * size * size * 3);
  });
  return images;
}

at::Tensor as_images(const at::Tensor& nhwc, at::Device device, at::ScalarType type) {
  // An NHWC array seen as NCHW is channels_last as it stands.
  at::Tensor x = nhwc.permute({0, 3, 1, 2});
  // A GPU converts what it has got: conversion before the copy would be the CPU's work.
  if (device.is_cuda()) x = x.to(device, /*non_blocking=*/true);
  return x.to(device, type).contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace simclr
