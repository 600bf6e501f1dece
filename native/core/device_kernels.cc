#include "core/device_kernels.h"

#include <map>
#include <mutex>

namespace simclr {
namespace {

struct Registry {
  std::mutex mutex;
  std::map<at::DeviceType, std::unique_ptr<const DeviceKernels>> kernels;
};

/// Never destroyed: threads may still ask while the process exits.
Registry& registry() {
  static auto* const instance = new Registry();
  return *instance;
}

}  // namespace

const DeviceKernels* device_kernels(const at::Device& device) {
  const std::lock_guard lock(registry().mutex);
  const auto found = registry().kernels.find(device.type());
  return found == registry().kernels.end() ? nullptr : found->second.get();
}

std::unique_ptr<FusedUpdate> fused_update(const OptimizerSpec& spec,
                                          const std::vector<OptimizedTensor>& tensors,
                                          const at::Tensor& steps) {
  if (tensors.empty()) return nullptr;
  const DeviceKernels* kernels = device_kernels(tensors[0].weight.device());
  return kernels == nullptr ? nullptr : kernels->optimizer(spec, tensors, steps);
}

void register_device_kernels(at::DeviceType type, std::unique_ptr<const DeviceKernels> kernels) {
  const std::lock_guard lock(registry().mutex);
  registry().kernels.try_emplace(type, std::move(kernels));
}

}  // namespace simclr
