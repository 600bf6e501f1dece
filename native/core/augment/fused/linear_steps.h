// The colour operators of a view as steps, and linear ones merged into one matrix where the clipping between
// them does nothing.
#pragma once

#include "core/image/color.h"

namespace simclr::fused {

enum class Change { kNothing, kScale, kAdd, kContrast, kBlendSaturation, kHsvSaturation, kHue, kMatrix };

/// One operator with its numbers; everything is clipped to [0, 1] afterwards.
struct Step {
  Change change = Change::kNothing;
  float amount = 0;
  float mean[3] = {0, 0, 0};  ///< of contrast
  ColorMatrix matrix = {};    ///< of kMatrix
};

inline bool is_linear(const Step& step) {
  return step.change == Change::kScale || step.change == Change::kAdd || step.change == Change::kContrast ||
         step.change == Change::kBlendSaturation || step.change == Change::kMatrix;
}

/// Whether colours in [0, 1] stay there: blends with something in [0, 1] by at most 1.
inline bool stays_inside(const Step& step) {
  const bool blends = step.change == Change::kScale || step.change == Change::kContrast ||
                      step.change == Change::kBlendSaturation;
  return blends && step.amount <= 1;
}

/// A linear step's matrix.
inline ColorMatrix matrix_of(const Step& step) {
  if (step.change == Change::kMatrix) return step.matrix;
  const float f = step.amount, rest = 1 - f;
  const float luma[3] = {0.2989f, 0.587f, 0.114f};  // as `gray` has them
  ColorMatrix m = {};
  for (int i = 0; i < 3; ++i) {
    m.by[i][i] = step.change == Change::kAdd ? 1 : f;
    if (step.change == Change::kAdd) m.add[i] = f;
    if (step.change == Change::kContrast) m.add[i] = step.mean[i] * rest;
    for (int j = 0; j < 3 && step.change == Change::kBlendSaturation; ++j) m.by[i][j] += luma[j] * rest;
  }
  return m;
}

/// First `a`, then `b`.
inline ColorMatrix product(const ColorMatrix& a, const ColorMatrix& b) {
  ColorMatrix m = {};
  for (int i = 0; i < 3; ++i) {
    m.add[i] = b.add[i];
    for (int k = 0; k < 3; ++k) {
      m.add[i] += b.by[i][k] * a.add[k];
      for (int j = 0; j < 3; ++j) m.by[i][j] += b.by[i][k] * a.by[k][j];
    }
  }
  return m;
}

/// Each linear step joins the one before it where that is linear and its clipping does nothing. The result is
/// the same but for rounding. `clipped`: what the first step gets is in [0, 1] (a cubic kernel's overshoot is
/// not). Returns how many steps are left.
inline int merge_linear(Step* steps, int count, bool clipped) {
  int merged = 0;
  bool inside = false;  // the last step is linear, and what leaves it needs no clipping
  for (int i = 0; i < count; ++i) {
    const Step step = steps[i];
    const bool linear = is_linear(step), joins = linear && inside;
    if (joins) {
      Step& last = steps[merged - 1];
      last = {.change = Change::kMatrix, .matrix = product(matrix_of(last), matrix_of(step))};
    } else {
      steps[merged++] = step;
    }
    inside = linear && stays_inside(step) && (i > 0 || clipped);
  }
  return merged;
}

}  // namespace simclr::fused
