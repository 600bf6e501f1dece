#include "core/learn/precision.h"

#include <ATen/Context.h>

namespace simclr {

void prepare_device(const at::Device& device, Precision precision) {
  if (!device.is_cuda()) return;
  at::Context& context = at::globalContext();
  context.setAllowTF32CuDNN(precision == Precision::tf32);
  context.setAllowTF32CuBLAS(precision == Precision::tf32);
  context.setBenchmarkCuDNN(true);
}

}  // namespace simclr
