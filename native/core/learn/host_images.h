// Images on their way to a network: the CPU makes them, whatever device computes on them.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>

namespace simclr {

/// `count` NHWC float images of `size` px on the CPU, from where `device` can fetch them while the CPU goes
/// on. `make(row, pixels)` writes one; the calling thread's LibTorch threads (OwnThreads) share the rows: one
/// where every core has a shard of its own, all of them beside a GPU.
at::Tensor host_images(int64_t count, int64_t size, at::Device device,
                       const std::function<void(int64_t row, float* pixels)>& make);

/// NHWC float rows on the CPU → [N, 3, H, W] channels_last on `device` in `type`.
at::Tensor as_images(const at::Tensor& nhwc, at::Device device, at::ScalarType type);

}  // namespace simclr
