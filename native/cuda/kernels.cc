#include "cuda/kernels.h"

#include "core/device_kernels.h"
#include "cuda/device/report.h"
#include "cuda/optim/fused_update.h"

namespace simclr::cuda {
namespace {

class CudaKernels final : public DeviceKernels {
 public:
  DeviceReport report() const override { return report_devices(); }

  std::unique_ptr<FusedUpdate> optimizer(const OptimizerSpec& spec,
                                         const std::vector<OptimizedTensor>& tensors,
                                         const std::vector<at::Tensor>& momentum) const override {
    if (!MultiTensorUpdate::takes(tensors, momentum)) return nullptr;
    return std::make_unique<MultiTensorUpdate>(spec, tensors, momentum);
  }
};

}  // namespace

void register_kernels() { register_device_kernels(at::kCUDA, std::make_unique<const CudaKernels>()); }

}  // namespace simclr::cuda
