// What the driver tells, as words for people. Plain C++: tested without a GPU.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace simclr::cuda {

struct Gpu {
  std::string name;
  int major = 0;  ///< compute capability
  int minor = 0;

  int capability() const { return 10 * major + minor; }
};

/// Compute capability, 10 * major + minor, below which no binary has kernels: they use bf16, asynchronous
/// copies and the tensor cores' instructions of 8.0.
constexpr int kOldestPossible = 80;

/// The oldest this binary has kernels for; the build says what it compiles for (native/cuda/CMakeLists.txt).
#ifndef SIMCLR_OLDEST_ARCHITECTURE
#define SIMCLR_OLDEST_ARCHITECTURE 80
#endif
constexpr int kOldestCapability = std::max(kOldestPossible, SIMCLR_OLDEST_ARCHITECTURE);

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
  /// kOldestCapability, but in tests.
  int oldest = kOldestCapability;
};

/// `gpu` can run kernels for `oldest`.
inline bool new_enough(const Gpu& gpu, int oldest = kOldestCapability) { return gpu.capability() >= oldest; }

/// Why there is no GPU to compute on, or why some of them cannot be used, with what to do; empty if all is
/// well.
std::string explain(const DriverFacts& facts);

}  // namespace simclr::cuda
