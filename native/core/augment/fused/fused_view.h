// One view, fused: only the crop is read, each byte once; resampling, colours and blur work in cache on
// vectors of floats; nothing is allocated.
#pragma once

#include "core/augment/parameters.h"
#include "core/augment/plan.h"
#include "core/image/image_view.h"

namespace simclr {

/// The same values as reference_view up to rounding. Thread-safe.
void fused_view(const Plan& plan, const ViewParameters& view, const ImageView& image, float* out);

/// The instruction set that fused_view uses here: "avx512", "avx2", "vector" (what the compiler was told of).
const char* fused_view_target();

}  // namespace simclr
