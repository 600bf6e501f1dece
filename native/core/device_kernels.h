// The seam between the core and kernels of our own for devices that are not a CPU (native/cuda). The core
// asks for them by device and computes with LibTorch's operations where there are none: it neither includes
// nor links CUDA.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <vector>

#include "core/devices.h"
#include "core/optim/optimizer.h"

namespace simclr {

/// One optimizer's update of all its tensors at once.
class FusedUpdate {
 public:
  virtual ~FusedUpdate() = default;
  /// Queues the update; nothing is read back.
  virtual void step(double lr) = 0;
};

/// What a kind of device brings. All const: used by several threads.
class DeviceKernels {
 public:
  virtual ~DeviceKernels() = default;

  /// The devices that can be used, and why there is none.
  virtual DeviceReport report() const = 0;

  /// LARS or SGD for these tensors; null where the kernels do not take them (float64). The arrays must stay
  /// where they are.
  virtual std::unique_ptr<FusedUpdate> optimizer(const OptimizerSpec& spec,
                                                 const std::vector<OptimizedTensor>& tensors,
                                                 const std::vector<at::Tensor>& momentum) const = 0;
};

/// The kernels for `device`; null for the CPU, for the meta device and in a binary without them.
const DeviceKernels* device_kernels(const at::Device& device);

/// The update of an optimizer with these tensors by kernels of their device; null where there are none.
std::unique_ptr<FusedUpdate> fused_update(const OptimizerSpec& spec,
                                          const std::vector<OptimizedTensor>& tensors,
                                          const std::vector<at::Tensor>& momentum);

/// Once a process, before anything computes; later calls change nothing.
void register_device_kernels(at::DeviceType type, std::unique_ptr<const DeviceKernels> kernels);

}  // namespace simclr
