// Adam over a run of consecutive weights: the CPU's inner loop. Plain numbers; no LibTorch.
#pragma once

#include "core/optim/adam_math.h"
#include "core/optim/update_kernels.h"

namespace simclr {

/// `slice.momentum` is the first moment.
void adam_update(const Slice<float>& slice, const AdamFactors<float>& factors);
void adam_update(const Slice<double>& slice, const AdamFactors<double>& factors);

}  // namespace simclr
