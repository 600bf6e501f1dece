// Which part of the image a view sees: random resized crops of both conventions and the central crop.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/augment/plan.h"
#include "core/host_device.h"
#include "core/random/philox.h"
#include "core/rounding.h"

namespace simclr {

/// A part of an image, in pixels.
struct Box {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

/// Attempts before the whole image (paper) or the largest central box (torch) is taken.
inline constexpr int kPaperCropAttempts = 100;
inline constexpr int kTorchCropAttempts = 10;

/// In floats: pixels of a large image are more than an int holds.
SIMCLR_HD inline float area_of(int width, int height) {
  return static_cast<float>(width) * static_cast<float>(height);
}

/// One attempt of tf.image.sample_distorted_bounding_box (GenerateRandomCrop in TensorFlow's
/// sample_distorted_bounding_box_op.cc) for google-research/simclr data_util.py distorted_bounding_box_crop:
/// aspect uniform, then height uniform among those the area range and the image allow. False where the
/// attempt is rejected. The last row and column are never reached by a box that does not span them: so the
/// original.
SIMCLR_HD inline bool paper_crop_attempt(const RandomBlock& draw, const CropPlan& plan, int width, int height,
                                         Box* box) {
  // A box must cover this share of the image (min_object_covered, the "object" being the whole image), so
  // the effective smallest area is 0.1, not 0.08.
  constexpr float kMinCovered = 0.1f;
  const float pixels = area_of(width, height);
  const float min_area = plan.area[0] * pixels;
  const float max_area = plan.area[1] * pixels;
  const float aspect = uniform(draw.word[0], plan.aspect[0], plan.aspect[1]);

  int h = static_cast<int>(lrintf(sqrtf(min_area / aspect)));
  int max_h = static_cast<int>(lrintf(sqrtf(max_area / aspect)));
  if (lrintf(static_cast<float>(max_h) * aspect) > width) {
    max_h = static_cast<int>((static_cast<float>(width) + 0.5f - 1e-7f) / aspect);
    if (lrintf(static_cast<float>(max_h) * aspect) > width) --max_h;
  }
  if (max_h > height) max_h = height;
  if (h > max_h) h = max_h;
  h += static_cast<int>(below(draw.word[1], static_cast<uint32_t>(max_h - h + 1)));

  int w = static_cast<int>(lrintf(static_cast<float>(h) * aspect));
  if (area_of(w, h) < min_area) {
    ++h;
    w = static_cast<int>(lrintf(static_cast<float>(h) * aspect));
  }
  if (area_of(w, h) > max_area) {
    --h;
    w = static_cast<int>(lrintf(static_cast<float>(h) * aspect));
  }
  const float area = area_of(w, h);
  if (area < min_area || area > max_area || w > width || h > height || w <= 0 || h <= 0) return false;
  if (area / pixels < kMinCovered) return false;
  box->y = h < height ? static_cast<int>(below(draw.word[2], static_cast<uint32_t>(height - h))) : 0;
  box->x = w < width ? static_cast<int>(below(draw.word[3], static_cast<uint32_t>(width - w))) : 0;
  box->width = w;
  box->height = h;
  return true;
}

/// One attempt of torchvision's RandomResizedCrop.get_params: area uniform, aspect log-uniform.
SIMCLR_HD inline bool torch_crop_attempt(const RandomBlock& draw, const CropPlan& plan, int width, int height,
                                         Box* box) {
  const double pixels = static_cast<double>(width) * height;
  const double area = pixels * uniform(draw.word[0], plan.area[0], plan.area[1]);
  const double low = log(static_cast<double>(plan.aspect[0]));
  const double high = log(static_cast<double>(plan.aspect[1]));
  const double aspect = exp(low + rounded_product(high - low, static_cast<double>(uniform(draw.word[1]))));
  const int w = static_cast<int>(lrint(sqrt(area * aspect)));
  const int h = static_cast<int>(lrint(sqrt(area / aspect)));
  if (w <= 0 || w > width || h <= 0 || h > height) return false;
  box->y = static_cast<int>(below(draw.word[2], static_cast<uint32_t>(height - h + 1)));
  box->x = static_cast<int>(below(draw.word[3], static_cast<uint32_t>(width - w + 1)));
  box->width = w;
  box->height = h;
  return true;
}

/// torchvision's fallback: the largest central box whose aspect is allowed. (Of images a few pixels wide it
/// has none, where the original fails: here it is one pixel.)
SIMCLR_HD inline Box torch_crop_fallback(const CropPlan& plan, int width, int height) {
  const double ratio = static_cast<double>(width) / height;
  Box box{0, 0, width, height};
  if (ratio < static_cast<double>(plan.aspect[0])) {
    box.height = static_cast<int>(lrint(width / static_cast<double>(plan.aspect[0])));
  } else if (ratio > static_cast<double>(plan.aspect[1])) {
    box.width = static_cast<int>(lrint(height * static_cast<double>(plan.aspect[1])));
  }
  if (box.width < 1) box.width = 1;
  if (box.height < 1) box.height = 1;
  box.y = (height - box.height) / 2;
  box.x = (width - box.width) / 2;
  return box;
}

/// The central box for evaluation (data_util.py _compute_crop_shape and center_crop): of the wanted aspect
/// (width / height), `share` of the largest such box's sides, offsets rounded up.
SIMCLR_HD inline Box center_box(float share, int width, int height, float aspect = 1) {
  const float w = static_cast<float>(width), h = static_cast<float>(height);
  Box box;
  if (aspect > w / h) {
    box.height = static_cast<int>(rintf(share / aspect * w));
    box.width = static_cast<int>(rintf(share * w));
  } else {
    box.height = static_cast<int>(rintf(share * h));
    box.width = static_cast<int>(rintf(share * aspect * h));
  }
  if (box.width < 1) box.width = 1;
  if (box.height < 1) box.height = 1;
  box.y = (height - box.height + 1) / 2;
  box.x = (width - box.width + 1) / 2;
  return box;
}

}  // namespace simclr
