#include "core/learn/embedding.h"

#include <c10/core/GradMode.h>

#include <algorithm>

#include "core/learn/host_images.h"

namespace simclr {
namespace {

// Enough rows to keep convolutions busy, few enough to keep activations in cache-sized memory.
constexpr int64_t kChunk = 128;

}  // namespace

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
    at::Tensor features, place;  // what a GPU is computing, and where it belongs
    const auto fetch = [&] {
      if (features.defined()) place.copy_(features);
    };
    for (int64_t begin = mine.begin; begin < mine.end; begin += kChunk) {
      const int64_t rows = std::min(kChunk, mine.end - begin);
      const at::Tensor images = host_images(rows, size, first.device(), [&](int64_t row, float* pixels) {
        const uint32_t index = indices[begin + row];
        store.read(index, [&](const ImageView& image) { augmenter.view(image, {0, 0, index, 0}, pixels); });
      });
      fetch();  // only now: the GPU has computed while these views were made
      place = out.narrow(0, begin, rows);
      const at::Tensor x = as_images(images, first.device(), first.scalar_type());
      features = forward(context, head, forward(context, encoder, x));
    }
    fetch();
  });
  return out;
}

}  // namespace simclr
