// Everything random about one view, drawn from its key before any pixel is touched.
#pragma once

#include <cstdint>

#include "core/augment/crop.h"
#include "core/augment/plan.h"

namespace simclr {

/// What a view's randomness is drawn from, and nothing else.
struct ViewKey {
  uint64_t seed = 0;
  uint32_t epoch = 0;
  uint32_t index = 0;
  uint32_t view = 0;
};

enum class ColorOperator : int { kBrightness = 0, kContrast = 1, kSaturation = 2, kHue = 3 };

/// What was drawn. Values of operators that are not applied are meaningless.
struct ViewParameters {
  Box box;  ///< random or central crop, or the whole image
  bool flip = false;
  bool jitter = false;
  ColorOperator order[4] = {};
  float brightness = 1;  ///< factor, or summand where the plan adds
  float contrast = 1;
  float saturation = 1;
  float hue = 0;  ///< turns
  bool gray = false;
  bool blur = false;
  float sigma = 0;  ///< pixels
  bool solarize = false;
};

/// The parameters of one view of a width x height image. Every operator reads words of its own, so that
/// adding or leaving out one of them changes no other's draw.
ViewParameters draw_parameters(const Plan& plan, const ViewKey& key, int width, int height);

}  // namespace simclr
