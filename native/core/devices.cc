#include "core/devices.h"

#include <ATen/Context.h>
#include <unistd.h>

#include <fstream>

namespace simclr {
namespace {

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "CPU";
}

}  // namespace

std::vector<DeviceInfo> list_devices() {
  const auto pages = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES));
  const auto page_size = static_cast<uint64_t>(sysconf(_SC_PAGE_SIZE));
  std::vector<DeviceInfo> devices{{"cpu", false, cpu_model(), pages * page_size}};
  if (!at::hasCUDA()) return devices;
  const auto count =
      static_cast<int>(at::globalContext().getAcceleratorHooksInterface(at::kCUDA).deviceCount());
  for (int i = 0; i < count; ++i) {
    const std::string index = std::to_string(i);
    devices.push_back({"cuda:" + index, true, "CUDA device " + index, 0});
  }
  return devices;
}

}  // namespace simclr
