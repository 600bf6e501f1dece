// Rows that nothing can be said of.
#pragma once

#include <ATen/Tensor.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"

namespace simclr {

/// Throws ERR_SIMCLR_INVALID_ARGUMENT, naming the first row of `rows` (fp32, contiguous, CPU) with NaN or
/// infinity: a class would be named for it without a word.
inline void require_finite(const at::Tensor& rows, const std::string& name) {
  // Value by value: tensor operations would need twice the rows' memory for what lies between them.
  const float* const begin = rows.const_data_ptr<float>();
  const float* const end = begin + rows.numel();
  const float* const bad = std::find_if(begin, end, [](float value) { return !std::isfinite(value); });
  if (bad == end) return;
  throw Error("ERR_SIMCLR_INVALID_ARGUMENT",
              "Expected finite numbers for `" + name + "` but received NaN or infinity in row " +
                  std::to_string((bad - begin) / rows.size(1)) +
                  ". Leave such rows out; an encoder that gives them has diverged.");
}

}  // namespace simclr
