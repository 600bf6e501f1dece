#include "binding/plan.h"

#include <string>
#include <vector>

#include "binding/convert.h"

namespace simclr::binding {
namespace {

float decimal(const Napi::Object& from, const char* key) { return static_cast<float>(number(from, key)); }

template <size_t N>
std::array<float, N> decimals(const Napi::Object& from, const char* key) {
  const std::vector<double> values = numbers(from, key);
  if (values.size() != N) fail(from.Env(), std::to_string(N) + " numbers", key, from.Get(key));
  std::array<float, N> out;
  for (size_t i = 0; i < N; ++i) out[i] = static_cast<float>(values[i]);
  return out;
}

/// One of two words: false for the first, true for the second.
bool second_of(const Napi::Object& from, const char* key, const std::string& first,
               const std::string& second) {
  const std::string word = string(from, key);
  if (word != first && word != second) fail(from.Env(), first + " or " + second, key, from.Get(key));
  return word == second;
}

Convention convention(const Napi::Object& from, const char* key) {
  return second_of(from, key, "paper", "torch") ? Convention::kTorch : Convention::kPaper;
}

Filter filter(const Napi::Object& from) {
  return second_of(from, "filter", "bilinear", "bicubic") ? Filter::kBicubic : Filter::kBilinear;
}

}  // namespace

Plan to_plan(const Napi::Object& from) {
  Plan plan;
  plan.size = integer<int>(from, "size", 1);
  if (has(from, "crop")) {
    const Napi::Object crop = object(from, "crop");
    plan.crop = {convention(crop, "sampling"), decimals<2>(crop, "area"), decimals<2>(crop, "aspect"),
                 filter(crop), boolean(crop, "antialias")};
  }
  if (has(from, "center")) {
    const Napi::Object center = object(from, "center");
    plan.center = {decimal(center, "share"), filter(center), boolean(center, "antialias")};
  }
  plan.flip = decimal(from, "flip");
  plan.vertical_flip = decimal(from, "verticalFlip");
  if (has(from, "turn")) {
    const Napi::Object turn = object(from, "turn");
    plan.turn = {decimal(turn, "probability"), second_of(turn, "mode", "any", "left")};
  }
  if (has(from, "jitter")) {
    const Napi::Object jitter = object(from, "jitter");
    plan.jitter = {decimal(jitter, "probability"),
                   decimal(jitter, "brightness"),
                   decimal(jitter, "contrast"),
                   decimal(jitter, "saturation"),
                   decimal(jitter, "hue"),
                   convention(jitter, "operators"),
                   second_of(jitter, "brightnessMode", "multiply", "add"),
                   has(jitter, "hueMode") && second_of(jitter, "hueMode", "exact", "fast")};
  }
  plan.gray = decimal(from, "gray");
  if (has(from, "blur")) {
    const Napi::Object blur = object(from, "blur");
    plan.blur = {decimal(blur, "probability"), decimals<2>(blur, "sigma"), integer<int>(blur, "kernel", 1),
                 second_of(blur, "padding", "zero", "reflect") ? Padding::kReflect : Padding::kZero};
  }
  if (has(from, "solarize")) {
    const Napi::Object solarize = object(from, "solarize");
    plan.solarize = {decimal(solarize, "probability"), decimal(solarize, "threshold")};
  }
  if (has(from, "normalize")) {
    const Napi::Object normalize = object(from, "normalize");
    plan.normalize = {decimals<3>(normalize, "mean"), decimals<3>(normalize, "std")};
  }
  return plan;
}

Napi::Object to_js(Napi::Env env, const Plan& plan, const ViewParameters& view) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("crop", env.Null());
  out.Set("jitter", env.Null());
  out.Set("blur", env.Null());
  if (plan.crop) {
    Napi::Object crop = Napi::Object::New(env);
    crop.Set("x", view.box.x);
    crop.Set("y", view.box.y);
    crop.Set("width", view.box.width);
    crop.Set("height", view.box.height);
    out.Set("crop", crop);
  }
  out.Set("flip", view.flip);
  out.Set("verticalFlip", view.vertical_flip);
  out.Set("turns", view.turns);
  if (view.jitter) {
    Napi::Object jitter = Napi::Object::New(env);
    Napi::Array order = Napi::Array::New(env, 4);
    for (uint32_t i = 0; i < 4; ++i) order.Set(i, static_cast<int>(view.order[i]));
    jitter.Set("order", order);
    jitter.Set("brightness", view.brightness);
    jitter.Set("contrast", view.contrast);
    jitter.Set("saturation", view.saturation);
    jitter.Set("hue", view.hue);
    out.Set("jitter", jitter);
  }
  out.Set("gray", view.gray);
  if (view.blur) {
    Napi::Object blur = Napi::Object::New(env);
    blur.Set("sigma", view.sigma);
    out.Set("blur", blur);
  }
  out.Set("solarize", view.solarize);
  return out;
}

}  // namespace simclr::binding
