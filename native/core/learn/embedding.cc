#include "core/learn/embedding.h"

#include <c10/core/GradMode.h>

#include <algorithm>

namespace simclr {
namespace {

// Enough rows to keep convolutions busy, few enough to keep activations in cache-sized memory.
constexpr int64_t kChunk = 128;

}  // namespace

at::Tensor host_images(int64_t count, int64_t size, at::Device device) {
  return at::empty({count, size, size, 3}, at::TensorOptions(at::kFloat).pinned_memory(device.is_cuda()));
}

at::Tensor as_images(const at::Tensor& nhwc, at::Device device, at::ScalarType type) {
  // An NHWC array seen as NCHW is channels_last as it stands.
  at::Tensor x = nhwc.permute({0, 3, 1, 2});
  // A GPU converts what it has got: conversion before the copy would be the CPU's work.
  if (device.is_cuda()) x = x.to(device, /*non_blocking=*/true);
  return x.to(device, type).contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor embed(const ResNet& encoder, const ProjectionHead& head,
                 const std::vector<const std::vector<at::Tensor>*>& weights, std::vector<at::Tensor>& buffers,
                 ShardPool& pool, const ImageStore& store, const Augmenter& augmenter,
                 const std::vector<uint32_t>& indices) {
  const at::Tensor& first = (*weights[0])[encoder.stem[0].conv.kernel];
  const auto count = static_cast<int64_t>(indices.size());
  const int64_t size = augmenter.plan().size;
  const at::ScalarType type = first.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor out = at::empty({count, head.out}, type);
  pool.run([&](int shard, Group& group) {
    const at::NoGradGuard no_grad;
    const Context context{*weights[shard], buffers, group, false, false};
    const Span mine = part_of(count, shard, pool.size());
    for (int64_t begin = mine.begin; begin < mine.end; begin += kChunk) {
      const int64_t rows = std::min(kChunk, mine.end - begin);
      at::Tensor pixels = host_images(rows, size, first.device());
      auto* out_pixels = pixels.mutable_data_ptr<float>();
      for (int64_t row = 0; row < rows; ++row) {
        const uint32_t index = indices[begin + row];
        augmenter.view(store.at(index), {0, 0, index, 0}, out_pixels + row * size * size * 3);
      }
      const at::Tensor x = as_images(pixels, first.device(), first.scalar_type());
      out.narrow(0, begin, rows).copy_(forward(context, head, forward(context, encoder, x)));
    }
  });
  return out;
}

}  // namespace simclr
