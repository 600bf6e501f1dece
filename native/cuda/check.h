// CUDA's status codes as the core's errors.
#pragma once

#include <cuda_runtime_api.h>

#include <new>
#include <string>

#include "core/error.h"

namespace simclr::cuda {

/// The GPU has no more memory; for rethrow_with_memory and whoever catches std::bad_alloc.
class OutOfMemory : public std::bad_alloc {
 public:
  const char* what() const noexcept override { return "CUDA: out of memory"; }
};

/// Throws OutOfMemory, or ERR_SIMCLR_NATIVE with CUDA's own words.
inline void check(cudaError_t status) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // it is told here; LibTorch's next launch shall not meet it
  if (status == cudaErrorMemoryAllocation) throw OutOfMemory();
  throw Error("ERR_SIMCLR_NATIVE", std::string("CUDA: ") + cudaGetErrorString(status) +
                                       ". Run `simclr doctor`; with CUDA_LAUNCH_BLOCKING=1 the error names "
                                       "the kernel that failed.");
}

}  // namespace simclr::cuda
