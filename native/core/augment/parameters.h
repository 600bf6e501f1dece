// Everything random about one view, drawn from its key before any pixel is touched; on a CPU or a GPU.
#pragma once

#include <cstdint>

#include "core/augment/crop.h"
#include "core/augment/plan.h"
#include "core/host_device.h"
#include "core/random/philox.h"

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
  bool vertical_flip = false;
  int turns = 0;  ///< by 90 degrees counter-clockwise, after the flips
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

namespace draw {

// Block numbers: the fourth word of the counter.
inline constexpr uint32_t kSwitches = 0;  // flip, jitter, gray, blur
inline constexpr uint32_t kColors = 1;    // brightness, contrast, saturation, hue
inline constexpr uint32_t kRest = 2;      // order, sigma, solarize, free
inline constexpr uint32_t kTurns = 3;     // vertical flip, whether turned, how far, free
inline constexpr uint32_t kCrop = 16;     // one block an attempt

SIMCLR_HD inline float factor(uint32_t word, float strength) {
  return uniform(word, strength < 1 ? 1 - strength : 0.0f, 1 + strength);
}

/// Permutation `number` (0 .. 23) of the four colour operators.
SIMCLR_HD inline void permutation(uint32_t number, ColorOperator (&order)[4]) {
  // Those that are left, four bits each: an array indexed by what was drawn would lie in a GPU's local
  // memory.
  uint32_t left = 0x3210;
  for (uint32_t i = 0, count = 4; i < 4; ++i, --count) {
    const uint32_t at = 4 * (number % count), before = (1u << at) - 1;
    number /= count;
    order[i] = static_cast<ColorOperator>(left >> at & 0xf);
    left = (left & before) | (left >> 4 & ~before);
  }
}

}  // namespace draw

/// The parameters of one view of a width x height image. Every operator reads words of its own, so that
/// adding or leaving out one of them changes no other's draw.
SIMCLR_HD inline ViewParameters draw_parameters(const Plan& plan, const ViewKey& key, int width, int height) {
  const auto block = [&key](uint32_t number) {
    return philox(key.seed, {key.epoch, key.index, key.view, number});
  };
  ViewParameters view;
  view.box = {0, 0, width, height};
  if (plan.crop) {
    const bool paper = plan.crop->sampling == Convention::kPaper;
    const int attempts = paper ? kPaperCropAttempts : kTorchCropAttempts;
    bool found = false;
    for (int i = 0; i < attempts && !found; ++i) {
      const RandomBlock draw = block(draw::kCrop + static_cast<uint32_t>(i));
      found = paper ? paper_crop_attempt(draw, *plan.crop, width, height, &view.box)
                    : torch_crop_attempt(draw, *plan.crop, width, height, &view.box);
    }
    if (!found && !paper) view.box = torch_crop_fallback(*plan.crop, width, height);
  } else if (plan.center) {
    view.box = center_box(plan.center->share, width, height);
  }

  const RandomBlock switches = block(draw::kSwitches);
  view.flip = uniform(switches.word[0]) < plan.flip;
  view.gray = uniform(switches.word[2]) < plan.gray;
  if (plan.vertical_flip > 0 || plan.turn) {  // most families have neither
    const RandomBlock turns = block(draw::kTurns);
    view.vertical_flip = uniform(turns.word[0]) < plan.vertical_flip;
    if (plan.turn && uniform(turns.word[1]) < plan.turn->probability)
      view.turns = plan.turn->left ? 1 : 1 + static_cast<int>(below(turns.word[2], 3));
  }
  const RandomBlock rest = block(draw::kRest);
  if (plan.jitter) {
    const JitterPlan& jitter = *plan.jitter;
    view.jitter = uniform(switches.word[1]) < jitter.probability;
    const RandomBlock colors = block(draw::kColors);
    view.brightness = jitter.add_brightness ? uniform(colors.word[0], -jitter.brightness, jitter.brightness)
                                            : draw::factor(colors.word[0], jitter.brightness);
    view.contrast = draw::factor(colors.word[1], jitter.contrast);
    view.saturation = draw::factor(colors.word[2], jitter.saturation);
    view.hue = uniform(colors.word[3], -jitter.hue, jitter.hue);
    draw::permutation(below(rest.word[0], 24), view.order);
  }
  if (plan.blur) {
    view.blur = uniform(switches.word[3]) < plan.blur->probability;
    view.sigma = uniform(rest.word[1], plan.blur->sigma[0], plan.blur->sigma[1]);
  }
  if (plan.solarize) view.solarize = uniform(rest.word[2]) < plan.solarize->probability;
  return view;
}

}  // namespace simclr
