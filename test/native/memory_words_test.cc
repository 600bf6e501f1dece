// What LibTorch says of a device that is full, word for word, and what it says of other failures.
#include "core/learn/memory_words.h"

#include "testing.h"

int main() {
  using simclr::says_no_memory;
  EXPECT(says_no_memory(
      "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you "
      "tried to allocate 4000000000000 bytes."));
  EXPECT(says_no_memory(
      "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 139.80 GiB"));
  EXPECT(says_no_memory("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"));
  EXPECT(says_no_memory("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"));
  EXPECT(says_no_memory("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"));
  EXPECT(!says_no_memory("CUDA error: an illegal memory access was encountered"));
  EXPECT(!says_no_memory("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`"));
  EXPECT(!says_no_memory(""));
  std::printf("ok\n");
}
