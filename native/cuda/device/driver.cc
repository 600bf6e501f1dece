#include "cuda/device/driver.h"

namespace simclr::cuda {
namespace {

std::string cuda_version(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string capability(int number) { return std::to_string(number / 10) + "." + std::to_string(number % 10); }

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
  bool could_be_built = false;
  for (const Gpu& gpu : facts.gpus) {
    if (new_enough(gpu, facts.oldest)) continue;
    could_be_built = could_be_built || new_enough(gpu, kOldestPossible);
    old +=
        (old.empty() ? "" : ", ") + gpu.name + " (compute capability " + capability(gpu.capability()) + ")";
  }
  if (old.empty()) return "";
  return "Too old for this binary, which has kernels for compute capability " + capability(facts.oldest) +
         " and newer: " + old + ". " +
         (could_be_built ? "Build for it, with CMAKE_CUDA_ARCHITECTURES (docs/cuda.md)."
                         : "No build has any for older ones than " + capability(kOldestPossible) +
                               ": use a newer GPU, or `device: 'cpu'`.");
}

}  // namespace simclr::cuda
