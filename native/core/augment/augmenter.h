// The augmentation family, executed: one view of one image, a function of (seed, epoch, index, view).
#pragma once

#include "core/augment/fused/view_paths.h"
#include "core/augment/parameters.h"
#include "core/augment/plan.h"
#include "core/image/image_view.h"

namespace simclr {

class Augmenter {
 public:
  /// Throws ERR_SIMCLR_INVALID_ARGUMENT for a plan that cannot be executed.
  explicit Augmenter(const Plan& plan);

  const Plan& plan() const { return plan_; }

  /// Writes one view: [size, size, 3] floats. Thread-safe. The path changes rounding alone.
  void view(const ImageView& image, const ViewKey& key, float* out,
            const ViewPath& path = view_paths().front()) const;

 private:
  Plan plan_;
};

}  // namespace simclr
