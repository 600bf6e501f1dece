#include "cuda/augment/device_views.h"

#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <algorithm>
#include <iomanip>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "core/kernel_calls.h"
#include "cuda/augment/view_kernels.h"
#include "cuda/check.h"
#include "cuda/upload.h"

namespace simclr::cuda {
namespace {

/// A store that changes more often than this is a stream.
constexpr int kMostCopies = 2;
/// Share of free memory that a set may take: the network needs the rest.
constexpr double kShare = 0.3;
constexpr size_t kStaging = 64 << 20;

/// Indices of these rows, then their epochs, on the device once the stream comes to it: one copy from pinned
/// memory, for which the CPU does not wait.
at::Tensor upload_rows(const Batch& batch, int64_t first, int64_t count, const at::Device& device) {
  const at::Tensor host = at::empty({2, count}, at::TensorOptions(at::kInt).pinned_memory(true));
  auto* const rows = static_cast<uint32_t*>(host.data_ptr());
  std::copy_n(batch.indices.begin() + first, count, rows);
  std::copy_n(batch.epochs.begin() + first, count, rows + count);
  return host.to(device, /*non_blocking=*/true);
}

}  // namespace

std::string ResidentViews::copy(const ImageStore& store) {
  bytes_.reset();
  if (++copies_ > kMostCopies)
    return "the images have changed " + std::to_string(kMostCopies) + " times since the first step";
  size_t free = 0, all = 0;
  check(cudaMemGetInfo(&free, &all));
  const double most = kShare * static_cast<double>(free);
  std::optional<SetLayout> layout = layout_of(store, static_cast<int64_t>(most));
  if (!layout) {
    std::ostringstream problem;
    problem << "the images take more than " << std::setprecision(3) << most * 1e-9
            << " GB decoded, which is 30 % of the GPU's free memory";
    return problem.str();
  }
  layout_ = *std::move(layout);
  bytes_ = at::empty({layout_.bytes}, at::TensorOptions(device_).dtype(at::kByte));
  images_ = upload(layout_.images, device_);
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
  for (uint32_t i = 0; i < layout_.images.size(); ++i) {
    if (!layout_.has(i)) continue;
    store.read(i, [&](const ImageView& image) {
      for (int y = 0; y < image.height; ++y) {
        const uint8_t* row = image.data + y * image.stride;
        staging.insert(staging.end(), row, row + static_cast<size_t>(image.width) * image.channels);
      }
    });
    if (staging.size() >= kStaging) flush();
  }
  flush();
  return {};
}

const std::string& ResidentViews::bring(const std::shared_ptr<const ImageStore>& store) {
  const uint64_t version = store->version();
  if (store != store_) {
    store_ = store;
    copies_ = 0;
    problem_.clear();
  } else if (!problem_.empty() || version == version_) {
    return problem_;
  }
  version_.reset();  // where an error ends it
  problem_ = copy(*store);
  version_ = version;
  return problem_;
}

MadeViews ResidentViews::make(const Batch& batch, int64_t first, int64_t count, at::ScalarType type) {
  if (type != at::kFloat && type != at::kBFloat16 && type != at::kHalf)
    return {{}, "the kernel has no float64, which `precision` asks for"};
  // Slots change while they are looked at.
  if (batch.store->streamed()) return {{}, "the images are streamed: they come and go during the run"};
  const c10::cuda::CUDAGuard guard(device_);
  if (const std::string& problem = bring(batch.store); !problem.empty()) return {{}, problem};
  for (int64_t row = first; row < first + count; ++row) {
    // The CPU's path says what is wrong.
    if (!layout_.has(batch.indices[row])) return {{}, "the batch names an image that is not there"};
  }
  const Plan& plan = batch.augmenter->plan();
  const at::Tensor rows = upload_rows(batch, first, count, device_);
  const auto* const indices = static_cast<const uint32_t*>(rows.const_data_ptr());
  const ViewSource source{static_cast<const uint8_t*>(bytes_.const_data_ptr()),
                          static_cast<const StoredImage*>(images_.const_data_ptr()),
                          indices,
                          indices + count,
                          batch.seed,
                          count,
                          batch.views};
  const ViewWorkspace workspace(plan, layout_.longest);
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
  count_call(KernelKind::kViews);
  return {out.permute({0, 3, 1, 2}), {}};  // channels_last as it stands
}

}  // namespace simclr::cuda
