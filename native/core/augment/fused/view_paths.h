// One view, fused, for several instruction sets: only the crop is read, each byte once; resampling, colours
// and blur work in cache on vectors of floats; nothing is allocated.
#pragma once

#include <string>
#include <vector>

#include "core/augment/parameters.h"
#include "core/augment/plan.h"
#include "core/image/image_view.h"

namespace simclr {

/// One way of making a view. All give the same values up to rounding.
struct ViewPath {
  /// "avx512", "avx2", "vector" (what the compiler makes of short vectors for any processor of the platform),
  /// or "plain": reference_view.
  std::string name;
  /// Writes [size, size, 3]. Thread-safe.
  void (*make)(const Plan& plan, const ViewParameters& view, const ImageView& image, float* out);
};

/// Those that this machine can run, the fastest first, the plain one last.
const std::vector<ViewPath>& view_paths();

/// Throws ERR_SIMCLR_INVALID_ARGUMENT for a name that is none of them.
const ViewPath& view_path(const std::string& name);

}  // namespace simclr
