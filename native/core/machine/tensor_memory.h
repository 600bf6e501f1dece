// Large blocks of memory for LibTorch's tensors on the CPU, handed from step to step.
//
// A training step asks for the same sizes again and again. From malloc they come fresh from the kernel each
// time, every page of them a fault (a quarter of ResNet-50's step), or leave a heap in pieces (a sixth more
// memory).
#pragma once

namespace simclr {

/// While one exists anywhere in the process, pages that LibTorch frees are kept for whoever asks for memory
/// next; never more than what was in use at once at some time, and a little. With the last one they go
/// back to the system. Not under AddressSanitizer, which has to see every block end, nor where
/// SIMCLR_TENSOR_MEMORY is `malloc` in the environment, for other tools of its kind.
class KeptTensorMemory {
 public:
  KeptTensorMemory();
  KeptTensorMemory(const KeptTensorMemory&) = delete;
  KeptTensorMemory& operator=(const KeptTensorMemory&) = delete;
  ~KeptTensorMemory();
};

}  // namespace simclr
