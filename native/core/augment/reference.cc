#include "core/augment/reference.h"

#include <algorithm>
#include <utility>

#include "core/image/blur.h"
#include "core/image/color.h"
#include "core/image/resample.h"

namespace simclr {
namespace {

template <class Change>
void each_pixel(FloatImage& image, Change change) {
  for (size_t i = 0; i < image.data.size(); i += 3) {
    float* p = image.data.data() + i;
    const Rgb out = change(Rgb{p[0], p[1], p[2]});
    p[0] = out.r;
    p[1] = out.g;
    p[2] = out.b;
  }
}

FloatImage as_rgb(FloatImage image) {
  if (image.channels == 3) return image;
  FloatImage out(image.width, image.height, 3);
  for (size_t i = 0; i < image.data.size(); ++i) std::fill_n(out.data.data() + 3 * i, 3, image.data[i]);
  return out;
}

}  // namespace

void adjust_brightness(FloatImage& image, float factor) {
  for (float& x : image.data) x *= factor;
}

void add_brightness(FloatImage& image, float delta) {
  for (float& x : image.data) x += delta;
}

void adjust_contrast(FloatImage& image, float factor, Convention convention) {
  double sum[3] = {0, 0, 0};
  const double pixels = static_cast<double>(image.width) * image.height;
  each_pixel(image, [&](Rgb p) {
    if (convention == Convention::kPaper) {
      sum[0] += static_cast<double>(p.r);
      sum[1] += static_cast<double>(p.g);
      sum[2] += static_cast<double>(p.b);
    } else {
      sum[0] += static_cast<double>(gray(p));
    }
    return p;
  });
  if (convention == Convention::kTorch) sum[1] = sum[2] = sum[0];
  const auto mean = [&](int c) { return static_cast<float>(sum[c] / pixels); };
  const Rgb m{mean(0), mean(1), mean(2)};
  each_pixel(image, [&](Rgb p) {
    return Rgb{blend(p.r, m.r, factor), blend(p.g, m.g, factor), blend(p.b, m.b, factor)};
  });
}

void adjust_saturation(FloatImage& image, float factor, Convention convention) {
  if (convention == Convention::kPaper) {
    each_pixel(image, [&](Rgb p) { return saturate_hsv(p, factor); });
  } else {
    each_pixel(image, [&](Rgb p) { return saturate_blend(p, factor); });
  }
}

void adjust_hue(FloatImage& image, float turns) {
  const float sixths = hue_sixths(turns);
  each_pixel(image, [&](Rgb p) { return shift_hue(p, sixths); });
}

void rotate_hue(FloatImage& image, float turns) {
  const ColorMatrix matrix = hue_rotation(turns);
  each_pixel(image, [&](Rgb p) { return transform(p, matrix); });
}

void to_gray(FloatImage& image) {
  each_pixel(image, [](Rgb p) { return Rgb{gray(p), gray(p), gray(p)}; });
}

void flip(FloatImage& image) {
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width / 2; ++x) {
      std::swap_ranges(image.at(x, y), image.at(x, y) + image.channels, image.at(image.width - 1 - x, y));
    }
  }
}

void flip_vertical(FloatImage& image) {
  const size_t row = static_cast<size_t>(image.width) * image.channels;
  for (int y = 0; y < image.height / 2; ++y) {
    std::swap_ranges(image.at(0, y), image.at(0, y) + row, image.at(0, image.height - 1 - y));
  }
}

void turn(FloatImage& image, int turns) {
  for (; turns > 0; --turns) {
    FloatImage out(image.height, image.width, image.channels);
    for (int y = 0; y < out.height; ++y) {  // the last column becomes the first row
      for (int x = 0; x < out.width; ++x)
        std::copy_n(image.at(image.width - 1 - y, x), image.channels, out.at(x, y));
    }
    image = std::move(out);
  }
}

void clip(FloatImage& image) {
  for (float& x : image.data) x = clip01(x);
}

void solarize(FloatImage& image, float threshold) {
  for (float& x : image.data) x = solarize(x, threshold);
}

void normalize(FloatImage& image, const NormalizePlan& plan) {
  each_pixel(image, [&](Rgb p) {
    return Rgb{(p.r - plan.mean[0]) / plan.std[0], (p.g - plan.mean[1]) / plan.std[1],
               (p.b - plan.mean[2]) / plan.std[2]};
  });
}

void jitter(FloatImage& image, const JitterPlan& plan, const ViewParameters& view) {
  for (const ColorOperator op : view.order) {
    switch (op) {
      case ColorOperator::kBrightness:
        if (plan.add_brightness) {
          add_brightness(image, view.brightness);
        } else {
          adjust_brightness(image, view.brightness);
        }
        break;
      case ColorOperator::kContrast:
        adjust_contrast(image, view.contrast, plan.operators);
        break;
      case ColorOperator::kSaturation:
        adjust_saturation(image, view.saturation, plan.operators);
        break;
      case ColorOperator::kHue:
        if (plan.fast_hue) {
          rotate_hue(image, view.hue);
          break;
        }
        adjust_hue(image, view.hue);
        break;
    }
    clip(image);
  }
}

void reference_view(const Plan& plan, const ViewParameters& view, const ImageView& source, float* out) {
  Resampling kind = Resampling::kTriangle;
  if (plan.crop) kind = resampling(plan.crop->filter, plan.crop->antialias);
  if (!plan.crop && plan.center) kind = resampling(plan.center->filter, plan.center->antialias);
  FloatImage image = crop_resize(as_rgb(to_float(source)), view.box, plan.size, plan.size, kind);
  // 8-bit pipelines cannot hold a cubic kernel's overshoot; the paper's floats keep it until the first
  // operator.
  const bool keep_overshoot = plan.jitter && plan.jitter->operators == Convention::kPaper;
  if (!keep_overshoot) clip(image);
  if (view.flip) flip(image);
  if (view.vertical_flip) flip_vertical(image);
  turn(image, view.turns);
  if (view.jitter) jitter(image, *plan.jitter, view);
  if (view.gray) to_gray(image);
  clip(image);  // data_util.py preprocess_for_train
  if (view.blur) {
    image = gaussian_blur(image, plan.blur->kernel, view.sigma, plan.blur->padding);
    clip(image);  // data_util.py batch_random_blur
  }
  if (view.solarize) solarize(image, plan.solarize->threshold);
  if (plan.normalize) normalize(image, *plan.normalize);
  std::copy(image.data.begin(), image.data.end(), out);
}

}  // namespace simclr
