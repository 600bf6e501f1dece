#include "core/learn/device.h"

#include <algorithm>

#include "core/devices.h"
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
    const DeviceReport here = list_devices();
    const int index = std::max<int>(device.index(), 0);
    device.set_index(static_cast<at::DeviceIndex>(index));
    const auto is_it = [&](const DeviceInfo& info) { return info.name == device.str(); };
    if (std::none_of(here.devices.begin(), here.devices.end(), is_it)) {
      const std::string seen = std::to_string(here.devices.size() - 1) + " CUDA device(s) that can be used";
      throw Error("ERR_SIMCLR_DEVICE", "Expected a device of this machine for `device` but received " + name +
                                           ": there are " + seen + ". " + here.problem);
    }
  }
  return device;
}

}  // namespace simclr
