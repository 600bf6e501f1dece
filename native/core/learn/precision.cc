#include "core/learn/precision.h"

#include <ATen/Context.h>

#include <cstdlib>
#include <cstring>

#include "core/shared_mode.h"

namespace simclr {

namespace {

/// Never destroyed: threads may ask it until the very end.
SharedMode& tf32_mode() {
  static auto* const mode = new SharedMode();
  return *mode;
}

void set_up(bool tf32) {
  at::Context& context = at::globalContext();
  context.setAllowTF32CuDNN(tf32);
  context.setAllowTF32CuBLAS(tf32);
  // Tests compare learners, each of which would time cuDNN's algorithms anew and may choose others.
  const char* timing = std::getenv("SIMCLR_CUDNN_TIMING");
  const bool timed = timing == nullptr || std::strcmp(timing, "off") != 0;
  context.setBenchmarkCuDNN(timed);
  context.setDeterministicCuDNN(!timed);
}

}  // namespace

DeviceSettings::DeviceSettings(const at::Device& device, Precision precision) : held_(device.is_cuda()) {
  if (held_) tf32_mode().enter(precision == Precision::tf32, set_up);
}

DeviceSettings::~DeviceSettings() {
  if (held_) tf32_mode().leave();
}

}  // namespace simclr
