#include "core/augment/operators.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/augment/crop.h"
#include "core/augment/reference.h"
#include "core/error.h"
#include "core/image/blur.h"
#include "core/image/color.h"
#include "core/image/resample.h"

namespace simclr {
namespace {

[[noreturn]] void invalid(const std::string& message) { throw Error("ERR_SIMCLR_INVALID_ARGUMENT", message); }

using Parameters = OperatorParameters;

float value(const Parameters& parameters, const char* name) {
  return static_cast<float>(parameters.number(name));
}

int whole(const Parameters& parameters, const char* name) {
  constexpr double kMost = 1 << 20;
  const double number = parameters.number(name);
  if (number >= 0 && number <= kMost && number == std::floor(number)) return static_cast<int>(number);
  invalid("Expected an integer from 0 to 1048576 for `" + std::string(name) + "` but received " +
          std::to_string(number) + ".");
}

float sigma(const Parameters& parameters) {
  const float sigma = value(parameters, "sigma");
  if (sigma > 0) return sigma;
  invalid("Expected a number above 0 for `sigma` but received " + std::to_string(sigma) + ".");
}

void check_box(const FloatImage& image, const Box& box, int width, int height) {
  const bool inside = box.x >= 0 && box.y >= 0 && box.width > 0 && box.height > 0 &&
                      box.x <= image.width - box.width && box.y <= image.height - box.height;
  if (!inside) invalid("Expected a box inside the image but received one that is empty or reaches outside.");
  if (width < 1 || height < 1) invalid("Expected at least 1 for `out_w` and `out_h`.");
}

// ---- paper
// -------------------------------------------------------------------------------------------------

ColorOperator color_operator(const std::string& name) {
  if (name == "brightness") return ColorOperator::kBrightness;
  if (name == "contrast") return ColorOperator::kContrast;
  if (name == "saturation") return ColorOperator::kSaturation;
  if (name == "hue") return ColorOperator::kHue;
  invalid("Expected brightness, contrast, saturation or hue in `order` but received " + name + ".");
}

void color_chain(FloatImage& image, const Parameters& p) {
  const auto order = p.words.find("order");
  if (order == p.words.end() || order->second.size() != 4) invalid("Expected four names for `order`.");
  ViewParameters view;
  for (int i = 0; i < 4; ++i) view.order[i] = color_operator(order->second[i]);
  view.brightness = value(p, "brightness");
  view.contrast = value(p, "contrast");
  view.saturation = value(p, "saturation");
  view.hue = value(p, "hue");
  jitter(image, JitterPlan{.operators = Convention::kPaper}, view);
}

void crop_resize_bicubic(FloatImage& image, const Parameters& p) {
  const Box box{whole(p, "x"), whole(p, "y"), whole(p, "w"), whole(p, "h")};
  check_box(image, box, whole(p, "out_w"), whole(p, "out_h"));
  image = crop_resize(image, box, whole(p, "out_w"), whole(p, "out_h"), Resampling::kKeys);
}

void eval_center_crop(FloatImage& image, const Parameters& p) {
  const int width = whole(p, "out_w"), height = whole(p, "out_h");
  const float aspect = static_cast<float>(width) / static_cast<float>(height);
  const Box box = center_box(value(p, "crop_proportion"), image.width, image.height, aspect);
  check_box(image, box, width, height);
  image = crop_resize(image, box, width, height, Resampling::kKeys);
  clip(image);
}

/// Images of at most 32 px are evaluated whole, unresized.
void eval_no_crop(FloatImage& image, const Parameters& p) {
  if (whole(p, "out_w") != image.width || whole(p, "out_h") != image.height) {
    invalid("Expected the image's own sides for `out_w` and `out_h`: paper.eval_no_crop does not resize.");
  }
  clip(image);
}

using Operator = std::function<void(FloatImage&, const Parameters&)>;

const std::map<std::string, Operator>& paper_operators() {
  constexpr Convention kPaper = Convention::kPaper;
  static const std::map<std::string, Operator> table = {
      {"brightness_v2", [](auto& image, auto& p) { adjust_brightness(image, value(p, "factor")); }},
      {"brightness_v1", [](auto& image, auto& p) { add_brightness(image, value(p, "delta")); }},
      {"contrast", [](auto& image, auto& p) { adjust_contrast(image, value(p, "factor"), kPaper); }},
      {"saturation", [](auto& image, auto& p) { adjust_saturation(image, value(p, "factor"), kPaper); }},
      {"hue", [](auto& image, auto& p) { adjust_hue(image, value(p, "delta")); }},
      {"grayscale", [](auto& image, auto&) { to_gray(image); }},
      {"flip", [](auto& image, auto&) { flip(image); }},
      {"gaussian_blur",
       [](auto& image, auto& p) {
         const int radius = whole(p, "kernel_size") / 2;
         image = gaussian_blur(image, 2 * radius + 1, sigma(p), Padding::kZero);
       }},
      {"color_chain", color_chain},
      {"crop_resize_bicubic", crop_resize_bicubic},
      {"eval_center_crop", eval_center_crop},
      {"eval_no_crop", eval_no_crop},
  };
  return table;
}

// ---- torch
// -------------------------------------------------------------------------------------------------

void truncate(FloatImage& image) {
  for (float& x : image.data) x = std::clamp(std::floor(x), 0.0f, 255.0f);
}

/// torchvision's contrast and saturation on levels blend with a grey image of whole levels.
void blend_with_levels(FloatImage& image, float factor, bool mean) {
  FloatImage gray_image = image;
  to_gray(gray_image);
  truncate(gray_image);
  if (mean) {
    double sum = 0;
    for (const float x : gray_image.data) sum += static_cast<double>(x);
    std::fill(gray_image.data.begin(), gray_image.data.end(),
              static_cast<float>(sum / static_cast<double>(gray_image.data.size())));
  }
  for (size_t i = 0; i < image.data.size(); ++i) {
    image.data[i] = blend(image.data[i], gray_image.data[i], factor);
  }
  truncate(image);
}

void torch_hue(FloatImage& image, float turns, bool levels) {
  if (!levels) return adjust_hue(image, turns);
  for (float& x : image.data) x /= 255.0f;
  adjust_hue(image, turns);
  for (float& x : image.data) x *= 255.999f;  // to_dtype(uint8, scale=True) truncates
  truncate(image);
}

void torch_blur(FloatImage& image, const Parameters& p, bool levels) {
  const int kernel = whole(p, "kernel");
  if (kernel < 1 || kernel % 2 == 0 || kernel / 2 >= std::min(image.width, image.height)) {
    invalid("Expected an odd number below twice the image's sides for `kernel` but received " +
            std::to_string(kernel) + ".");
  }
  image = gaussian_blur(image, kernel, sigma(p), Padding::kReflect);
  if (levels) {
    for (float& x : image.data) x = std::nearbyint(x);
  }
}

void resized_crop(FloatImage& image, const Parameters& p, Filter filter, bool levels) {
  const Box box{whole(p, "left"), whole(p, "top"), whole(p, "width"), whole(p, "height")};
  const int width = whole(p, "out_w"), height = whole(p, "out_h");
  check_box(image, box, width, height);
  const bool antialias = p.number("antialias") != 0;
  Resampling kind = resampling(filter, antialias);
  if (filter == Filter::kBicubic && !antialias) kind = Resampling::kCubicTorch;
  image = crop_resize(image, box, width, height, kind, levels);
}

using TorchOperator = std::function<void(FloatImage&, const Parameters&, bool)>;

const std::map<std::string, TorchOperator>& torch_operators() {
  constexpr Convention kTorch = Convention::kTorch;
  static const std::map<std::string, TorchOperator> table = {
      {"brightness",
       [](auto& image, auto& p, bool levels) {
         adjust_brightness(image, value(p, "factor"));
         levels ? truncate(image) : clip(image);
       }},
      {"contrast",
       [](auto& image, auto& p, bool levels) {
         if (levels) return blend_with_levels(image, value(p, "factor"), true);
         adjust_contrast(image, value(p, "factor"), kTorch);
         clip(image);
       }},
      {"saturation",
       [](auto& image, auto& p, bool levels) {
         if (levels) return blend_with_levels(image, value(p, "factor"), false);
         adjust_saturation(image, value(p, "factor"), kTorch);
         clip(image);
       }},
      {"hue", [](auto& image, auto& p, bool levels) { torch_hue(image, value(p, "factor"), levels); }},
      {"grayscale",
       [](auto& image, auto&, bool levels) {
         to_gray(image);
         if (levels) truncate(image);
       }},
      {"horizontal_flip", [](auto& image, auto&, bool) { flip(image); }},
      {"vertical_flip", [](auto& image, auto&, bool) { flip_vertical(image); }},
      {"rot90", [](auto& image, auto& p, bool) { turn(image, whole(p, "k") % 4); }},
      {"gaussian_blur", torch_blur},
      {"resized_crop_bilinear",
       [](auto& image, auto& p, bool levels) { resized_crop(image, p, Filter::kBilinear, levels); }},
      {"resized_crop_bicubic",
       [](auto& image, auto& p, bool levels) { resized_crop(image, p, Filter::kBicubic, levels); }},
      {"normalize",
       [](auto& image, auto& p, bool levels) {
         if (levels) invalid("Expected a float image for torch.normalize but received bytes.");
         NormalizePlan plan;
         for (size_t c = 0; c < 3; ++c) {
           plan.mean[c] = static_cast<float>(p.list("mean", 3)[c]);
           plan.std[c] = static_cast<float>(p.list("std", 3)[c]);
         }
         normalize(image, plan);
       }},
      {"solarize",
       [](auto& image, auto& p, bool levels) {
         const float threshold = value(p, "threshold"), bound = levels ? 255.0f : 1.0f;
         for (float& x : image.data) x = x >= threshold ? bound - x : x;
       }},
  };
  return table;
}

}  // namespace

double OperatorParameters::number(const std::string& name) const { return list(name, 1)[0]; }

const std::vector<double>& OperatorParameters::list(const std::string& name, size_t length) const {
  const auto found = numbers.find(name);
  if (found == numbers.end() || found->second.size() != length) {
    invalid("Expected " + (length == 1 ? std::string("a number") : std::to_string(length) + " numbers") +
            " for `" + name + "` of an augmentation operator.");
  }
  return found->second;
}

FloatImage apply_operator(const std::string& name, FloatImage image, const OperatorParameters& parameters,
                          bool levels) {
  if (image.channels != 3)
    invalid("Expected 3 channels for `image` but received " + std::to_string(image.channels) + ".");
  if (name.starts_with("paper.")) {
    const auto found = paper_operators().find(name.substr(6));
    if (found != paper_operators().end()) {
      if (levels) invalid("Expected a Float32Array for " + name + " but received bytes.");
      found->second(image, parameters);
      return image;
    }
  }
  if (name.starts_with("torch.")) {
    const auto found = torch_operators().find(name.substr(6));
    if (found != torch_operators().end()) {
      found->second(image, parameters, levels);
      return image;
    }
  }
  std::string names;
  for (const std::string& known : operator_names()) names += (names.empty() ? "" : ", ") + known;
  invalid("Expected one of " + names + " for `name` but received " + name + ".");
}

std::vector<std::string> operator_names() {
  std::vector<std::string> names;
  for (const auto& [name, apply] : paper_operators()) names.push_back("paper." + name);
  for (const auto& [name, apply] : torch_operators()) names.push_back("torch." + name);
  return names;
}

}  // namespace simclr
