// A batch's views as kernels of a device make them, to be looked at.
#pragma once

#include <string>

#include "core/data/batch.h"

namespace simclr {

/// Writes them as Batch::write_views does: [views * count, size, size, 3] floats, all first views first.
/// Throws ERR_SIMCLR_DEVICE where `device` is not there, has no kernels for views (the CPU) or does not take
/// this batch: nothing falls back.
void write_device_views(const Batch& batch, const std::string& device, float* out);

}  // namespace simclr
