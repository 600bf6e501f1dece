// What the driver tells, as words for people. Plain C++: tested without a GPU.
#pragma once

#include <string>
#include <vector>

namespace simclr::cuda {

struct Gpu {
  std::string name;
  int major = 0;  ///< compute capability
  int minor = 0;
};

struct DriverFacts {
  /// Of cudaGetDeviceCount: in words, empty where it succeeded.
  std::string failure;
  /// Newest CUDA the driver supports, 1000 * major + 10 * minor as CUDA has it; 0: no driver.
  int driver = 0;
  /// CUDA this binary was built with, likewise.
  int built = 0;
  /// CUDA_VISIBLE_DEVICES, null if unset.
  const char* visible = nullptr;
  std::vector<Gpu> gpus;
};

/// Oldest compute capability this binary has kernels for: 10 * major + minor.
constexpr int kOldestCapability = 80;

/// `gpu` can run this binary's kernels.
inline bool new_enough(const Gpu& gpu) { return gpu.major * 10 + gpu.minor >= kOldestCapability; }

/// Why there is no GPU to compute on, or why some of them cannot be used, with what to do; empty if all is
/// well.
std::string explain(const DriverFacts& facts);

}  // namespace simclr::cuda
