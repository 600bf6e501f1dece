#include "core/augment/parameters.h"

#include <algorithm>

#include "core/random/philox.h"

namespace simclr {
namespace {

// Block numbers: the fourth word of the counter.
constexpr uint32_t kSwitches = 0;  // flip, jitter, gray, blur
constexpr uint32_t kColors = 1;    // brightness, contrast, saturation, hue
constexpr uint32_t kRest = 2;      // order, sigma, solarize, free
constexpr uint32_t kCrop = 16;     // one block an attempt

float factor(uint32_t word, float strength) {
  return uniform(word, std::max(1 - strength, 0.0f), 1 + strength);
}

/// Permutation `number` (0 .. 23) of the four colour operators.
void permutation(uint32_t number, ColorOperator (&order)[4]) {
  int left[4] = {0, 1, 2, 3};
  for (uint32_t i = 0, count = 4; i < 4; ++i, --count) {
    const uint32_t pick = number % count;
    number /= count;
    order[i] = static_cast<ColorOperator>(left[pick]);
    std::copy(left + pick + 1, left + count, left + pick);
  }
}

}  // namespace

ViewParameters draw_parameters(const Plan& plan, const ViewKey& key, int width, int height) {
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
      const RandomBlock draw = block(kCrop + static_cast<uint32_t>(i));
      found = paper ? paper_crop_attempt(draw, *plan.crop, width, height, &view.box)
                    : torch_crop_attempt(draw, *plan.crop, width, height, &view.box);
    }
    if (!found && !paper) view.box = torch_crop_fallback(*plan.crop, width, height);
  } else if (plan.center) {
    view.box = center_box(plan.center->share, width, height);
  }

  const RandomBlock switches = block(kSwitches);
  view.flip = uniform(switches.word[0]) < plan.flip;
  view.gray = uniform(switches.word[2]) < plan.gray;
  const RandomBlock rest = block(kRest);
  if (plan.jitter) {
    const JitterPlan& jitter = *plan.jitter;
    view.jitter = uniform(switches.word[1]) < jitter.probability;
    const RandomBlock colors = block(kColors);
    view.brightness = jitter.add_brightness ? uniform(colors.word[0], -jitter.brightness, jitter.brightness)
                                            : factor(colors.word[0], jitter.brightness);
    view.contrast = factor(colors.word[1], jitter.contrast);
    view.saturation = factor(colors.word[2], jitter.saturation);
    view.hue = uniform(colors.word[3], -jitter.hue, jitter.hue);
    permutation(below(rest.word[0], 24), view.order);
  }
  if (plan.blur) {
    view.blur = uniform(switches.word[3]) < plan.blur->probability;
    view.sigma = uniform(rest.word[1], plan.blur->sigma[0], plan.blur->sigma[1]);
  }
  if (plan.solarize) view.solarize = uniform(rest.word[2]) < plan.solarize->probability;
  return view;
}

}  // namespace simclr
