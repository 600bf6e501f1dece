// Jitter and grey over columns: operator after operator on strips that stay in the first-level cache.
// Contrast needs a mean of the whole image, so what comes before it is a pass of its own. With fast hue
// linear operators become one (linear_steps.h).
#pragma once

#include "core/augment/fused/columns.h"
#include "core/augment/fused/linear_steps.h"
#include "core/augment/parameters.h"
#include "core/image/color.h"
#include "core/image/lanes.h"

namespace simclr {

namespace fused {

/// The steps of a view; returns how many (at most 5).
inline int color_steps(const Plan& plan, const ViewParameters& view, Step* steps) {
  const bool paper = plan.jitter && plan.jitter->operators == Convention::kPaper;
  int count = 0;
  // See reference_view: only the paper's floats carry a cubic kernel's overshoot into the first operator.
  if (!paper || !(view.jitter || view.gray)) steps[count++] = {};
  for (int i = 0; view.jitter && i < 4; ++i) {
    switch (view.order[i]) {
      case ColorOperator::kBrightness:
        steps[count++] = {plan.jitter->add_brightness ? Change::kAdd : Change::kScale, view.brightness};
        break;
      case ColorOperator::kContrast:
        steps[count++] = {Change::kContrast, view.contrast};
        break;
      case ColorOperator::kSaturation:
        steps[count++] = {paper ? Change::kHsvSaturation : Change::kBlendSaturation, view.saturation};
        break;
      case ColorOperator::kHue:
        if (plan.jitter->fast_hue) {
          steps[count++] = {.change = Change::kMatrix, .matrix = hue_rotation(view.hue)};
        } else {
          steps[count++] = {Change::kHue, hue_sixths(view.hue)};
        }
        break;
    }
  }
  return count;
}

template <Change kChange, class T>
SIMCLR_INLINE RgbOf<T> changed(RgbOf<T> p, const Step& step) {
  const float f = step.amount;
  if constexpr (kChange == Change::kScale) return {p.r * f, p.g * f, p.b * f};
  if constexpr (kChange == Change::kAdd) return {p.r + f, p.g + f, p.b + f};
  if constexpr (kChange == Change::kContrast) {
    return {blend(p.r, step.mean[0], f), blend(p.g, step.mean[1], f), blend(p.b, step.mean[2], f)};
  }
  if constexpr (kChange == Change::kBlendSaturation) return saturate_blend(p, f);
  if constexpr (kChange == Change::kHsvSaturation) return saturate_hsv(p, f);
  if constexpr (kChange == Change::kHue) return shift_hue(p, f);
  if constexpr (kChange == Change::kMatrix) return transform(p, step.matrix);
  return p;
}

template <int kWidth, int kChannels, Change kChange>
SIMCLR_INLINE void apply(const Step& by, float* strip, int columns, int stride) {
  // A grey image is never merged: its matrices are hue.
  constexpr bool kNeedsChroma =
      kChange == Change::kHue || kChange == Change::kHsvSaturation || kChange == Change::kMatrix;
  constexpr Change kActing = kChannels == 1 && kNeedsChroma ? Change::kNothing : kChange;  // grey has none
  const Step step = by;
  for (int x = 0; x < columns; ++x, strip += kChannels * stride) {
    for (int y = 0; y < stride; y += kWidth) {
      float* at = strip + y;
      RgbOf<Lanes<kWidth>> p;
      p.r = p.g = p.b = load<kWidth>(at);
      if constexpr (kChannels == 3) {
        p.g = load<kWidth>(at + stride);
        p.b = load<kWidth>(at + 2 * stride);
      }
      p = clip01(changed<kActing>(p, step));
      store(at, p.r);
      if constexpr (kChannels == 3) {
        store(at + stride, p.g);
        store(at + 2 * stride, p.b);
      }
    }
  }
}

template <int kWidth, int kChannels>
SIMCLR_INLINE void apply_steps(const Step* steps, int count, float* strip, int columns, int stride) {
  for (int i = 0; i < count; ++i) {
    const Step& step = steps[i];
    switch (step.change) {
      case Change::kNothing:
        apply<kWidth, kChannels, Change::kNothing>(step, strip, columns, stride);
        break;
      case Change::kScale:
        apply<kWidth, kChannels, Change::kScale>(step, strip, columns, stride);
        break;
      case Change::kAdd:
        apply<kWidth, kChannels, Change::kAdd>(step, strip, columns, stride);
        break;
      case Change::kContrast:
        apply<kWidth, kChannels, Change::kContrast>(step, strip, columns, stride);
        break;
      case Change::kBlendSaturation:
        apply<kWidth, kChannels, Change::kBlendSaturation>(step, strip, columns, stride);
        break;
      case Change::kHsvSaturation:
        apply<kWidth, kChannels, Change::kHsvSaturation>(step, strip, columns, stride);
        break;
      case Change::kHue:
        apply<kWidth, kChannels, Change::kHue>(step, strip, columns, stride);
        break;
      case Change::kMatrix:
        apply<kWidth, kChannels, Change::kMatrix>(step, strip, columns, stride);
        break;
    }
  }
}

/// Adds a strip's sums: of each channel, or of the grey image (into sums[0]).
template <int kWidth, int kChannels, bool kGray>
SIMCLR_INLINE void add_sums(const float* strip, int columns, int size, int stride, double* sums) {
  constexpr int kSums = kGray ? 1 : kChannels;
  constexpr int kNext = kChannels == 3 ? 1 : 0;  // whether a pixel's channels lie apart
  Lanes<kWidth> sum[kSums] = {};
  float rest[kSums] = {};
  for (int x = 0; x < columns; ++x, strip += kChannels * stride) {
    const float *r = strip, *g = r + kNext * stride, *b = g + kNext * stride;
    int y = 0;
    for (; y + kWidth <= size; y += kWidth) {
      const RgbOf<Lanes<kWidth>> p{load<kWidth>(r + y), load<kWidth>(g + y), load<kWidth>(b + y)};
      if constexpr (kGray) {
        sum[0] += gray(p);
      } else {
        sum[0] += p.r;
        if constexpr (kSums == 3) {
          sum[1] += p.g;
          sum[2] += p.b;
        }
      }
    }
    for (; y < size; ++y) {
      rest[0] += kGray ? gray(Rgb{r[y], g[y], b[y]}) : r[y];
      if constexpr (kSums == 3) {
        rest[1] += g[y];
        rest[2] += b[y];
      }
    }
  }
  for (int c = 0; c < kSums; ++c) {
    float lanes[kWidth];
    store(lanes, sum[c]);
    for (const float lane : lanes) sums[c] += static_cast<double>(lane);
    sums[c] += static_cast<double>(rest[c]);
  }
}

template <int kWidth, int kChannels>
SIMCLR_INLINE void jitter_columns(Step* steps, int count, bool paper, bool merge, const Columns& columns) {
  const int size = columns.size, stride = columns.stride;
  int strip = 4096 / columns.column_floats();
  if (strip < 1) strip = 1;
  int before = 0;  // steps before contrast
  while (before < count && steps[before].change != Change::kContrast) ++before;
  const bool contrast = before < count;
  if (contrast) {
    double sums[3] = {0, 0, 0};
    const int first = merge ? merge_linear(steps, before, /*clipped=*/false) : before;
    for (int x = 0; x < size; x += strip) {
      const int width = size - x < strip ? size - x : strip;
      apply_steps<kWidth, kChannels>(steps, first, columns.column(x), width, stride);
      if (paper) {
        add_sums<kWidth, kChannels, false>(columns.column(x), width, size, stride, sums);
      } else {
        add_sums<kWidth, kChannels, true>(columns.column(x), width, size, stride, sums);
      }
    }
    if (!paper || kChannels == 1) sums[1] = sums[2] = sums[0];
    const double pixels = static_cast<double>(size) * size;
    for (int c = 0; c < 3; ++c) steps[before].mean[c] = static_cast<float>(sums[c] / pixels);
    steps += before;
    count -= before;
  }
  if (merge) count = merge_linear(steps, count, /*clipped=*/before > 0 && contrast);
  for (int x = 0; x < size; x += strip) {
    const int width = size - x < strip ? size - x : strip;
    apply_steps<kWidth, kChannels>(steps, count, columns.column(x), width, stride);
  }
}

/// Three channels become one, column by column in place: a grey column never reaches beyond its coloured one.
/// Of a grey image it takes the same sum (the coefficients sum to 0.9999).
template <int kWidth, int kChannels>
SIMCLR_INLINE void gray_columns(const Columns& columns) {
  const int stride = columns.stride, next = kChannels == 3 ? stride : 0;
  const float* from = columns.data;
  float* to = columns.data;
  for (int x = 0; x < columns.size; ++x, from += kChannels * stride, to += stride) {
    for (int y = 0; y < stride; y += kWidth) {
      const RgbOf<Lanes<kWidth>> p{load<kWidth>(from + y), load<kWidth>(from + next + y),
                                   load<kWidth>(from + 2 * next + y)};
      store(to + y, clip01(gray(p)));
    }
  }
}

}  // namespace fused

/// Jitter, grey and the clipping around them. Returns what the image is afterwards: with `view.gray` one
/// channel in the same memory.
template <int kWidth>
SIMCLR_INLINE Columns color_columns(const Plan& plan, const ViewParameters& view, Columns columns) {
  using namespace fused;  // NOLINT: this header's own
  Step steps[5];
  const int count = color_steps(plan, view, steps);
  const bool paper = plan.jitter && plan.jitter->operators == Convention::kPaper;
  if (columns.channels == 3) {
    jitter_columns<kWidth, 3>(steps, count, paper, plan.jitter && plan.jitter->fast_hue, columns);
    if (view.gray) gray_columns<kWidth, 3>(columns);
  } else {
    jitter_columns<kWidth, 1>(steps, count, paper, false, columns);
    if (view.gray) gray_columns<kWidth, 1>(columns);
  }
  if (view.gray) columns.channels = 1;
  return columns;
}

}  // namespace simclr
