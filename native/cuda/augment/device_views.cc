#include "cuda/augment/device_views.h"

#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <algorithm>
#include <cstring>

#include "cuda/augment/view_kernels.h"
#include "cuda/check.h"

namespace simclr::cuda {
namespace {

/// A store that changes more often than this is a stream.
constexpr int kMostUploads = 2;
/// Share of free memory that a set may take: the network needs the rest.
constexpr double kShare = 0.3;
constexpr size_t kStaging = 64 << 20;

/// A copy of plain values on the device.
template <class T>
at::Tensor upload(const T* values, size_t count, const at::Device& device) {
  at::Tensor host = at::empty({static_cast<int64_t>(count * sizeof(T))}, at::kByte);
  std::memcpy(host.data_ptr(), values, count * sizeof(T));
  return host.to(device);
}

}  // namespace

bool ResidentViews::resident(const std::shared_ptr<const ImageStore>& store) {
  if (store->streamed()) return false;  // slots change while they are looked at
  if (store != store_) {
    store_ = store;
    uploads_ = 0;
    refused_ = false;
  } else if (refused_ || store->version() == version_) {
    return !refused_;
  }
  const uint64_t version = store->version();
  version_.reset();
  bytes_.reset();
  std::vector<StoredImage> images;
  size_t total = 0;
  longest_ = 0;
  refused_ = ++uploads_ > kMostUploads;
  for (size_t i = 0; i < store->count() && !refused_; ++i) {
    refused_ = !store->has(i);
    if (refused_) break;
    store->read(i, [&](const ImageView& image) {
      images.push_back({static_cast<int64_t>(total), image.width, image.height, image.channels});
      total += static_cast<size_t>(image.width) * image.height * image.channels;
      longest_ = std::max({longest_, image.width, image.height});
    });
  }
  size_t free = 0, all = 0;
  check(cudaMemGetInfo(&free, &all));
  refused_ = refused_ || static_cast<double>(total) > kShare * static_cast<double>(free);
  if (refused_) return false;

  bytes_ = at::empty({static_cast<int64_t>(total)}, at::TensorOptions(device_).dtype(at::kByte));
  images_ = upload(images.data(), images.size(), device_);
  // Piece by piece: a whole second copy in host memory may not be there.
  std::vector<uint8_t> staging;
  int64_t done = 0;
  const auto flush = [&] {
    if (staging.empty()) return;
    const auto count = static_cast<int64_t>(staging.size());
    bytes_.narrow(0, done, count).copy_(at::from_blob(staging.data(), {count}, at::kByte));
    done += count;
    staging.clear();
  };
  for (size_t i = 0; i < images.size(); ++i) {
    store->read(i, [&](const ImageView& image) {
      for (int y = 0; y < image.height; ++y) {
        const uint8_t* row = image.data + y * image.stride;
        staging.insert(staging.end(), row, row + static_cast<size_t>(image.width) * image.channels);
      }
    });
    if (staging.size() >= kStaging) flush();
  }
  flush();
  version_ = version;
  return true;
}

at::Tensor ResidentViews::make(const Batch& batch, int64_t first, int64_t count, at::ScalarType type) {
  if (type != at::kFloat && type != at::kBFloat16 && type != at::kHalf) return {};
  const c10::cuda::CUDAGuard guard(device_);
  if (!resident(batch.store)) return {};
  for (int64_t row = first; row < first + count; ++row) {
    if (batch.indices[row] >= batch.store->count()) return {};  // the CPU's path says what is wrong
  }
  const Plan& plan = batch.augmenter->plan();
  const at::Tensor indices = upload(batch.indices.data() + first, count, device_);
  const at::Tensor epochs = upload(batch.epochs.data() + first, count, device_);
  const ViewSource source{static_cast<const uint8_t*>(bytes_.const_data_ptr()),
                          static_cast<const StoredImage*>(images_.const_data_ptr()),
                          static_cast<const uint32_t*>(indices.const_data_ptr()),
                          static_cast<const uint32_t*>(epochs.const_data_ptr()),
                          batch.seed,
                          count,
                          batch.views};
  const ViewWorkspace workspace(plan, longest_);
  const at::TensorOptions options(device_);
  at::Tensor memory;
  if (workspace.bytes() > kMostSharedBytes)
    memory = at::empty({view_blocks(source, workspace) * workspace.floats}, options.dtype(at::kFloat));
  auto* const scratch = memory.defined() ? memory.data_ptr<float>() : nullptr;
  const at::Tensor out = at::empty({batch.views * count, plan.size, plan.size, 3}, options.dtype(type));
  const cudaStream_t stream = c10::cuda::getCurrentCUDAStream();
  const auto run = [&](auto element) {
    using T = decltype(element);
    check(make_views(source, plan, workspace, scratch, static_cast<T*>(out.data_ptr()), stream));
  };
  if (type == at::kFloat) {
    run(float());
  } else if (type == at::kBFloat16) {
    run(Bf16());
  } else {
    run(Half());
  }
  return out.permute({0, 3, 1, 2});  // channels_last as it stands
}

}  // namespace simclr::cuda
