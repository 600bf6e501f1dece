// CUDA's status codes as the core's errors.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "core/error.h"

namespace simclr::cuda {

/// Throws ERR_SIMCLR_NATIVE with CUDA's own words.
inline void check(cudaError_t status) {
  if (status == cudaSuccess) return;
  throw Error("ERR_SIMCLR_NATIVE", std::string("CUDA: ") + cudaGetErrorString(status) +
                                       ". Run `simclr doctor`; with CUDA_LAUNCH_BLOCKING=1 the error names "
                                       "the kernel that failed.");
}

}  // namespace simclr::cuda
