#include "core/learn/precision.h"

#include <ATen/Context.h>

#include <cstdlib>
#include <cstring>

namespace simclr {

void prepare_device(const at::Device& device, Precision precision) {
  if (!device.is_cuda()) return;
  at::Context& context = at::globalContext();
  context.setAllowTF32CuDNN(precision == Precision::tf32);
  context.setAllowTF32CuBLAS(precision == Precision::tf32);
  // Tests compare learners, each of which would time cuDNN's algorithms anew and may choose others.
  const char* timing = std::getenv("SIMCLR_CUDNN_TIMING");
  const bool timed = timing == nullptr || std::strcmp(timing, "off") != 0;
  context.setBenchmarkCuDNN(timed);
  context.setDeterministicCuDNN(!timed);
}

}  // namespace simclr
