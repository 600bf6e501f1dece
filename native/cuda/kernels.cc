#include "cuda/kernels.h"

#include <torch/csrc/distributed/c10d/Backend.hpp>

#include "core/device_kernels.h"
#include "cuda/augment/device_views.h"
#include "cuda/device/report.h"
#include "cuda/dist/nccl.h"
#include "cuda/learn/graph_recorder.h"
#include "cuda/loss/contrast.h"
#include "cuda/nn/batch_norm.h"
#include "cuda/optim/fused_update.h"

namespace simclr::cuda {
namespace {

class CudaKernels final : public DeviceKernels {
 public:
  DeviceReport report() const override { return report_devices(); }

  std::unique_ptr<FusedUpdate> optimizer(const OptimizerSpec& spec,
                                         const std::vector<OptimizedTensor>& tensors,
                                         const at::Tensor& steps) const override {
    if (!MultiTensorUpdate::takes(tensors)) return nullptr;
    return std::make_unique<MultiTensorUpdate>(spec, tensors, steps);
  }

  const BatchNormKernels& batch_norm() const override { return batch_norm_; }

  std::unique_ptr<DeviceViews> views(const at::Device& device) const override {
    return std::make_unique<ResidentViews>(device);
  }

  std::unique_ptr<WorkRecorder> recorder(const at::Device& device) const override {
    return std::make_unique<GraphRecorder>(device);
  }

  bool takes_contrast(const at::Tensor& z, at::ScalarType encoder,
                      const ContrastOptions& options) const override {
    return cuda::takes_contrast(z, encoder, options);
  }
  std::pair<at::Tensor, at::Tensor> unit_rows(const at::Tensor& z, double smallest) const override {
    return cuda::unit_rows(z, smallest);
  }
  void unit_rows_backward(at::Tensor& gradient, const at::Tensor& unit, const at::Tensor& norms,
                          double smallest) const override {
    cuda::unit_rows_backward(gradient, unit, norms, smallest);
  }
  ContrastResult contrast(const at::Tensor& z, int64_t count, const at::Tensor& first,
                          const ContrastOptions& options, Group& group) const override {
    return cuda::contrast(z, count, first, options, group);
  }

  c10::intrusive_ptr<c10d::Backend> collectives(const BackendSpec& spec) const override {
    return make_nccl(spec);
  }

 private:
  BatchNormOnCuda batch_norm_;
};

}  // namespace

void register_kernels() { register_device_kernels(at::kCUDA, std::make_unique<const CudaKernels>()); }

}  // namespace simclr::cuda
