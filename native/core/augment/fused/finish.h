// From columns to the view: blur, solarize, normalize, rows of interleaved channels.
#pragma once

#include "core/augment/fused/columns.h"
#include "core/augment/parameters.h"

namespace simclr {

struct FinishScratch {
  Scratch<float> weights, padded_column, blurred;
};

/// Writes [size, size, 3]. Overwrites the columns.
void finish_columns(const Plan& plan, const ViewParameters& view, const Columns& columns,
                    FinishScratch& scratch, float* out);

}  // namespace simclr
