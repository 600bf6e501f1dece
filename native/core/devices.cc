#include "core/devices.h"

#include <unistd.h>

#include <fstream>

#include "core/device_kernels.h"

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

DeviceReport list_devices() {
  const auto pages = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES));
  const auto page_size = static_cast<uint64_t>(sysconf(_SC_PAGE_SIZE));
  DeviceReport report{{{"cpu", false, cpu_model(), pages * page_size}},
                      "This binary of simclr computes on the CPU alone. For a GPU, install a CUDA binary and "
                      "its LibTorch (docs/cuda.md)."};
  if (const DeviceKernels* kernels = device_kernels(at::kCUDA)) {
    DeviceReport cuda = kernels->report();
    report.problem = std::move(cuda.problem);
    report.devices.insert(report.devices.end(), cuda.devices.begin(), cuda.devices.end());
  }
  return report;
}

}  // namespace simclr
