#include "core/learn/device.h"

#include <ATen/Context.h>

#include "core/error.h"
#include "core/nn/meta_device.h"

namespace simclr {

at::Device parse_device(const std::string& name) {
  at::Device device = at::kCPU;
  try {
    device = at::Device(name);
  } catch (const c10::Error&) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT",
                "Expected cpu, cuda or cuda:N for `device` but received " + name);
  }
  if (!device.is_cpu() && !device.is_cuda() && !device.is_meta()) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT",
                "Expected cpu, cuda or cuda:N for `device` but received " + name);
  }
  if (device.is_meta()) enable_meta_device();
  if (device.is_cuda()) {
    const int count = at::hasCUDA()
                          ? static_cast<int>(at::globalContext().getAcceleratorHooksInterface().deviceCount())
                          : 0;
    if (count == 0 || device.index() >= count) {
      throw Error("ERR_SIMCLR_DEVICE", "Expected a CUDA device for `device` but this process sees " +
                                           std::to_string(count) +
                                           ". Run `simclr doctor` to see why, or use device cpu.");
    }
  }
  return device;
}

}  // namespace simclr
