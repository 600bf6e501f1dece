// How kernels are written so that CPU tests can run them: a .cu file includes this header alone, launches
// through SIMCLR_LAUNCH and gets dynamic shared memory from `dynamic_shared`. nvcc sees plain CUDA; with
// SIMCLR_HOST_EXECUTOR a C++ compiler sees the same source, and host_executor.h walks its blocks and threads.
#pragma once

/// Before a loop whose counter indexes an array that must stay in registers: left to the compiler, one day
/// the array lies in local memory (`nvcc -Xptxas -v` tells, by a stack frame that is not of 0 bytes).
#ifdef __CUDA_ARCH__
#define SIMCLR_UNROLL _Pragma("unroll")
#else
#define SIMCLR_UNROLL
#endif

#ifdef SIMCLR_HOST_EXECUTOR

#include "cuda/host_executor.h"

#else

#include <cuda_runtime_api.h>

#ifdef __CUDACC__

namespace simclr::cuda {

/// The block's dynamic shared memory.
template <class T>
__device__ T* dynamic_shared() {
  extern __shared__ __align__(16) unsigned char simclr_dynamic_shared[];
  return reinterpret_cast<T*>(simclr_dynamic_shared);
}

/// Lets `kernel` use so much dynamic shared memory: the most that any launch of it takes, always, as this is
/// the kernel's for all threads, and another may launch with more meanwhile. Up to 48 KiB in all, with what
/// the kernel itself declares (at most 16 KiB), nobody has to ask.
template <class Kernel>
cudaError_t allow_shared(Kernel* kernel, int bytes) {
  if (bytes <= 32 << 10) return cudaSuccess;
  return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
}

}  // namespace simclr::cuda

#define SIMCLR_LAUNCH(kernel, grid, block, shared, stream, ...) \
  kernel<<<grid, block, shared, stream>>>(__VA_ARGS__)

#endif  // __CUDACC__
#endif  // SIMCLR_HOST_EXECUTOR
