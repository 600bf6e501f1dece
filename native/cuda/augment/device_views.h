// Batches from images that lie on the GPU.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/data/batch.h"
#include "core/device_kernels.h"
#include "cuda/augment/set_layout.h"

namespace simclr::cuda {

/// Keeps a copy of the store that batches come from, made at the first of them.
class ResidentViews final : public DeviceViews {
 public:
  explicit ResidentViews(const at::Device& device) : device_(device) {}
  MadeViews make(const Batch& batch, int64_t first, int64_t count, at::ScalarType type) override;

 private:
  /// Why the store is not on the device as it is now; empty: it is. Copies it if it fits and is not there.
  const std::string& bring(const std::shared_ptr<const ImageStore>& store);
  /// The same of a store whose images are not there.
  std::string copy(const ImageStore& store);

  at::Device device_;
  std::shared_ptr<const ImageStore> store_;
  std::optional<uint64_t> version_;  // of the store whose images are there, whole
  int copies_ = 0;
  std::string problem_;
  SetLayout layout_;
  at::Tensor bytes_, images_;
};

}  // namespace simclr::cuda
