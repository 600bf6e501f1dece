// Colour arithmetic of one pixel, values in [0, 1] unless said. Branch-free, so that loops over it vectorise.
#pragma once

#include "core/host_device.h"

namespace simclr {

struct Rgb {
  float r, g, b;
};

SIMCLR_HD inline float larger(float a, float b) { return a > b ? a : b; }
SIMCLR_HD inline float smaller(float a, float b) { return a < b ? a : b; }
SIMCLR_HD inline float clip01(float x) { return smaller(larger(x, 0.0f), 1.0f); }
SIMCLR_HD inline Rgb clip01(Rgb p) { return {clip01(p.r), clip01(p.g), clip01(p.b)}; }

/// ITU-R 601 luma with the coefficients of both TensorFlow and torchvision (they sum to 0.9999).
SIMCLR_HD inline float gray(Rgb p) { return 0.2989f * p.r + 0.587f * p.g + 0.114f * p.b; }

/// a * factor + b * (1 - factor)
SIMCLR_HD inline float blend(float a, float b, float factor) { return a * factor + b * (1 - factor); }

/// Saturation by blending with the grey image (torchvision adjust_saturation), unclipped.
SIMCLR_HD inline Rgb saturate_blend(Rgb p, float factor) {
  const float base = gray(p) * (1 - factor);
  return {p.r * factor + base, p.g * factor + base, p.b * factor + base};
}

/// Saturation in HSV, S * factor clamped to [0, 1] (tf.image.adjust_saturation). With S = chroma / value the
/// channels move on the line to `value`: x' = value - (value - x) * min(factor, 1 / S), no hue needed.
SIMCLR_HD inline Rgb saturate_hsv(Rgb p, float factor) {
  const float value = larger(larger(p.r, p.g), p.b);
  const float chroma = value - smaller(smaller(p.r, p.g), p.b);
  const float most = larger(value, 0.0f) / larger(chroma, 1e-30f);
  const float k = smaller(factor, most);
  return {value - (value - p.r) * k, value - (value - p.g) * k, value - (value - p.b) * k};
}

/// A hue shift of `turns` (any size) as what `shift_hue` adds: sixths of a turn in [1, 7).
SIMCLR_HD inline float hue_sixths(float turns) {
  const float whole = static_cast<float>(static_cast<int>(turns)) - (turns < 0 ? 1.0f : 0.0f);
  const float sixths = 6 * (turns - whole);  // [0, 6]
  return sixths < 1 ? sixths + 6 : sixths;
}

/// Adds to the hue in HSV, value and chroma kept (tf.image.adjust_hue, torchvision adjust_hue).
/// The hue h in [0, 6) gives channel shares r = |h - 3| - 1, g = 2 - |h - 2|, b = 2 - |h - 4|, clipped.
SIMCLR_HD inline Rgb shift_hue(Rgb p, float sixths) {
  const float value = larger(larger(p.r, p.g), p.b);
  const float least = smaller(smaller(p.r, p.g), p.b);
  const float chroma = value - least;
  const bool red = p.r == value, green = p.g == value;
  const float difference = red ? p.g - p.b : green ? p.b - p.r : p.r - p.g;
  const float sector = red ? 0.0f : green ? 2.0f : 4.0f;
  float h = difference / larger(chroma, 1e-30f) + sector + sixths;  // [0, 12)
  h = h >= 6 ? h - 6 : h;
  const auto distance = [](float a, float b) { return a > b ? a - b : b - a; };
  return {least + chroma * clip01(distance(h, 3) - 1), least + chroma * clip01(2 - distance(h, 2)),
          least + chroma * clip01(2 - distance(h, 4))};
}

/// Inverts what is at or above the threshold (torchvision solarize).
SIMCLR_HD inline float solarize(float x, float threshold) { return x >= threshold ? 1 - x : x; }

}  // namespace simclr
