#include "cuda/device/driver.h"

namespace simclr::cuda {
namespace {

std::string cuda_version(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string capability(int major, int minor) { return std::to_string(major) + "." + std::to_string(minor); }

}  // namespace

std::string explain(const DriverFacts& facts) {
  if (facts.driver == 0) {
    return "No NVIDIA driver is loaded (libcuda.so.1 is not there). Install the driver for your GPU (it "
           "comes with "
           "nvidia-smi); in a container, start it with --gpus all.";
  }
  // Within one major version an older driver runs newer binaries (CUDA's minor version compatibility).
  if (facts.driver / 1000 < facts.built / 1000) {
    return "The NVIDIA driver is too old: it supports CUDA " + cuda_version(facts.driver) +
           ", and this binary needs CUDA " + cuda_version(facts.built) +
           ". Update the driver, or use a binary for an older CUDA.";
  }
  if (!facts.failure.empty() || facts.gpus.empty()) {
    std::string text =
        "The NVIDIA driver (CUDA " + cuda_version(facts.driver) + ") shows no GPU to this process";
    if (!facts.failure.empty()) text += " (" + facts.failure + ")";
    if (facts.visible != nullptr) {
      return text + ": CUDA_VISIBLE_DEVICES is '" + facts.visible +
             "'. Unset it, or name a GPU that is there.";
    }
    return text + ". See what nvidia-smi says; in a container, start it with --gpus all.";
  }
  std::string old;
  for (const Gpu& gpu : facts.gpus) {
    if (new_enough(gpu)) continue;
    old += (old.empty() ? "" : ", ") + gpu.name + " (compute capability " + capability(gpu.major, gpu.minor) +
           ")";
  }
  if (old.empty()) return "";
  return "Too old for this binary, which has kernels for compute capability " +
         capability(kOldestCapability / 10, kOldestCapability % 10) + " and newer: " + old +
         ". Use a newer GPU, or build with CMAKE_CUDA_ARCHITECTURES set (docs/cuda.md).";
}

}  // namespace simclr::cuda
