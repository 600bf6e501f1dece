// Batches from images that lie on the GPU.
#pragma once

#include <cstdint>
#include <optional>

#include "core/data/batch.h"
#include "core/device_kernels.h"

namespace simclr::cuda {

/// Keeps a copy of the store that batches come from, made at the first of them.
class ResidentViews final : public DeviceViews {
 public:
  explicit ResidentViews(const at::Device& device) : device_(device) {}
  at::Tensor make(const Batch& batch, int64_t first, int64_t count, at::ScalarType type) override;

 private:
  /// Whether the store is on the device as it is now; copies it if it fits and is not there.
  bool resident(const std::shared_ptr<const ImageStore>& store);

  at::Device device_;
  std::shared_ptr<const ImageStore> store_;
  std::optional<uint64_t> version_;  // of the store whose images are there, whole
  int uploads_ = 0;
  bool refused_ = false;  ///< by its size, its gaps or its changes
  at::Tensor bytes_, images_;
  int longest_ = 0;
};

}  // namespace simclr::cuda
