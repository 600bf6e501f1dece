// Which GPUs there are, asked of CUDA's runtime.
#pragma once

#include "core/devices.h"

namespace simclr::cuda {

/// GPUs this process can compute on, by CUDA's numbering, and what is wrong where something is.
DeviceReport report_devices();

}  // namespace simclr::cuda
