#include "core/learn/device_pixels.h"

#include "core/device_kernels.h"
#include "core/error.h"
#include "core/learn/device.h"

namespace simclr {

void write_device_views(const Batch& batch, const std::string& name, float* out) {
  const at::Device device = parse_device(name);
  const DeviceKernels* kernels = device_kernels(device);
  MadeViews made{{}, "there are no kernels for it in this binary"};
  if (kernels != nullptr)
    made = kernels->views(device)->make(batch, 0, static_cast<int64_t>(batch.count()), at::kFloat);
  if (!made.views.defined()) {
    throw Error("ERR_SIMCLR_DEVICE",
                "Expected a device whose kernels make this batch's views for `device` but "
                "received " +
                    name + ": " + made.problem +
                    ". Leave `device` out: the "
                    "CPU makes them then.");
  }
  const at::Tensor pixels = made.views.permute({0, 2, 3, 1});  // NHWC, as it lies there
  at::from_blob(out, pixels.sizes(), at::kFloat).copy_(pixels);
}

}  // namespace simclr
