// The core's kernels for CUDA devices.
#pragma once

namespace simclr::cuda {

/// Makes them known to the core (core/device_kernels.h). Needs no GPU.
void register_kernels();

}  // namespace simclr::cuda
