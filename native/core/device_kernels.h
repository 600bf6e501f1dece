// The seam between the core and kernels of our own for devices that are not a CPU (native/cuda). The core
// asks for them by device and computes with LibTorch's operations where there are none: it neither includes
// nor links CUDA.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/devices.h"
#include "core/dist/backend.h"
#include "core/learn/work_recorder.h"
#include "core/optim/fused_update.h"
#include "core/optim/optimizer.h"

namespace simclr {

struct Batch;            // core/data/batch.h
class BatchNormKernels;  // core/nn/batch_norm_passes.h
class Group;
struct ContrastOptions;  // core/loss/contrast.h
struct ContrastResult;

/// Views that a device has made, or why it has not.
struct MadeViews {
  at::Tensor views;     ///< undefined where there are none
  std::string problem;  ///< for people; empty where there are some
};

/// Makes views on the device, from a copy of the images that it keeps there.
class DeviceViews {
 public:
  virtual ~DeviceViews() = default;
  /// All views of a batch's rows [first, first + count), first views first: [views count, 3, size, size]
  /// channels_last in `type`. None where the images do not fit on the device or change while a run goes on
  /// (streaming): views are then made on the CPU and copied.
  virtual MadeViews make(const Batch& batch, int64_t first, int64_t count, at::ScalarType type) = 0;
};

/// What a kind of device brings. All const: used by several threads.
class DeviceKernels {
 public:
  virtual ~DeviceKernels() = default;

  /// The devices that can be used, and why there is none.
  virtual DeviceReport report() const = 0;

  /// The optimizer of these tensors; null where the kernels do not take them (float64). The arrays must stay
  /// where they are, and so must `steps`, Adam's count of them (Optimizer::steps).
  virtual std::unique_ptr<FusedUpdate> optimizer(const OptimizerSpec& spec,
                                                 const std::vector<OptimizedTensor>& tensors,
                                                 const at::Tensor& steps) const = 0;

  virtual const BatchNormKernels& batch_norm() const = 0;

  virtual std::unique_ptr<DeviceViews> views(const at::Device& device) const = 0;

  /// Records work on `device`, for one thread.
  virtual std::unique_ptr<WorkRecorder> recorder(const at::Device& device) const = 0;

  /// Whether `contrast` takes rows `z`, once they have unit length, that came from an encoder computing in
  /// `encoder`.
  virtual bool takes_contrast(const at::Tensor& z, at::ScalarType encoder,
                              const ContrastOptions& options) const = 0;
  /// Rows of what it takes, [n, dim], divided by max(|row|, `smallest`), and these norms, [n, 1].
  virtual std::pair<at::Tensor, at::Tensor> unit_rows(const at::Tensor& z, double smallest) const = 0;
  /// The gradient with respect to unit rows becomes that with respect to the rows, in place.
  virtual void unit_rows_backward(at::Tensor& gradient, const at::Tensor& unit, const at::Tensor& norms,
                                  double smallest) const = 0;
  /// As contrast_strips (core/loss/contrast.h), rounded as half precision allows.
  virtual ContrastResult contrast(const at::Tensor& z, int64_t count, const at::Tensor& first,
                                  const ContrastOptions& options, Group& group) const = 0;

  /// Carries collectives of this kind's tensors between ranks.
  virtual c10::intrusive_ptr<c10d::Backend> collectives(const BackendSpec& spec) const = 0;
};

/// The kernels for `device`; null for the CPU, for the meta device and in a binary without them.
const DeviceKernels* device_kernels(const at::Device& device);

/// The update of an optimizer with these tensors by kernels of their device; null where there are none.
std::unique_ptr<FusedUpdate> fused_update(const OptimizerSpec& spec,
                                          const std::vector<OptimizedTensor>& tensors,
                                          const at::Tensor& steps);

/// Once a process, before anything computes; later calls change nothing.
void register_device_kernels(at::DeviceType type, std::unique_ptr<const DeviceKernels> kernels);

}  // namespace simclr
