#include "cuda/device/report.h"

#include <cuda_runtime_api.h>

#include <cstdlib>

#include "cuda/device/driver.h"

namespace simclr::cuda {

DeviceReport report_devices() {
  DriverFacts facts;
  facts.built = CUDART_VERSION;
  facts.visible = std::getenv("CUDA_VISIBLE_DEVICES");
  const auto succeeds = [](cudaError_t status) {
    if (status == cudaSuccess) return true;
    cudaGetLastError();  // it is told here; LibTorch shall not meet it
    return false;
  };
  if (!succeeds(cudaDriverGetVersion(&facts.driver))) facts.driver = 0;
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (!succeeds(status)) {
    facts.failure = cudaGetErrorString(status);
    count = 0;
  }
  DeviceReport report;
  for (int index = 0; index < count; ++index) {
    cudaDeviceProp properties;
    if (!succeeds(cudaGetDeviceProperties(&properties, index))) continue;
    const Gpu gpu{properties.name, properties.major, properties.minor};
    facts.gpus.push_back(gpu);
    if (!new_enough(gpu)) continue;
    const std::string capability = std::to_string(gpu.major) + "." + std::to_string(gpu.minor);
    report.devices.push_back({"cuda:" + std::to_string(index), true,
                              gpu.name + " (compute capability " + capability + ")",
                              properties.totalGlobalMem});
  }
  report.problem = explain(facts);
  return report;
}

}  // namespace simclr::cuda
