// An augmentation family compiled to plain numbers: `AugmentPlan` of lib/addon/interface.ts, field by field.
#pragma once

#include <array>
#include <optional>

#include "core/convention.h"

namespace simclr {

enum class Filter { kBilinear, kBicubic };
enum class Padding { kZero, kReflect };

/// [low, high)
using Range = std::array<float, 2>;

struct CropPlan {
  Convention sampling = Convention::kPaper;
  Range area{0.08f, 1.0f};
  Range aspect{3.0f / 4, 4.0f / 3};  ///< width / height
  Filter filter = Filter::kBicubic;
  bool antialias = false;
};

/// Without a random crop: the central square box of this share of the shorter side.
struct CenterPlan {
  float share = 1;
  Filter filter = Filter::kBicubic;
  bool antialias = false;
};

struct TurnPlan {
  float probability = 0;
  bool left = false;  ///< by 90 degrees counter-clockwise alone; else by 90, 180 or 270, evenly
};

struct JitterPlan {
  float probability = 0.8f;
  float brightness = 0;  ///< x U[max(1 - b, 0), 1 + b], or + U[-b, b) where `add_brightness`
  float contrast = 0;    ///< U[max(1 - c, 0), 1 + c]
  float saturation = 0;  ///< U[max(1 - s, 0), 1 + s]
  float hue = 0;         ///< U[-h, h], in turns
  Convention operators = Convention::kPaper;
  bool add_brightness = false;
  bool fast_hue = false;  ///< hue as a rotation of colours about grey
};

struct BlurPlan {
  float probability = 0.5f;
  Range sigma{0.1f, 2.0f};
  int kernel = 3;  ///< taps, odd
  Padding padding = Padding::kZero;
};

struct SolarizePlan {
  float probability = 0;
  float threshold = 0.5f;
};

struct NormalizePlan {
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> std{1, 1, 1};
};

/// What is absent is left out. Order of execution: crop or centre, flip, vertical flip, turn,
/// jitter, gray, blur, solarize, normalize.
struct Plan {
  int size = 0;  ///< output height = width, pixels
  std::optional<CropPlan> crop;
  std::optional<CenterPlan> center;
  float flip = 0;
  float vertical_flip = 0;
  std::optional<TurnPlan> turn;
  std::optional<JitterPlan> jitter;
  float gray = 0;
  std::optional<BlurPlan> blur;
  std::optional<SolarizePlan> solarize;
  std::optional<NormalizePlan> normalize;
};

}  // namespace simclr
