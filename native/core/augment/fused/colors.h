// Colour operators over columns.
#pragma once

#include "core/augment/fused/columns.h"
#include "core/augment/parameters.h"

namespace simclr {

/// Jitter, grey and the clipping around them. Returns what the image is afterwards: with `view.gray` one
/// channel in the same memory.
Columns color_columns(const Plan& plan, const ViewParameters& view, Columns columns);

}  // namespace simclr
