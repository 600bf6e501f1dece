// augmentOperator, augmentPaths and epochOrder.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/registry.h"
#include "core/augment/fused/view_paths.h"
#include "core/augment/operators.h"
#include "core/random/epoch_order.h"

namespace simclr::binding {
namespace {

constexpr int64_t kMaxSide = 1 << 20, kMaxPixels = 1 << 28;

OperatorParameters parameters_of(const Napi::Object& from) {
  OperatorParameters out;
  const Napi::Array names = from.GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); ++i) {
    const std::string name = names.Get(i).ToString().Utf8Value();
    const Napi::Value value = from.Get(name);
    if (value.IsNumber()) {
      out.numbers[name] = {value.As<Napi::Number>().DoubleValue()};
    } else if (value.IsBoolean()) {
      out.numbers[name] = {value.As<Napi::Boolean>().Value() ? 1.0 : 0.0};
    } else if (value.IsString()) {
      out.words[name] = {value.As<Napi::String>().Utf8Value()};
    } else if (value.IsArray()) {
      const auto array = value.As<Napi::Array>();
      for (uint32_t k = 0; k < array.Length(); ++k) {
        const Napi::Value item = array.Get(k);
        if (item.IsNumber()) {
          out.numbers[name].push_back(item.As<Napi::Number>().DoubleValue());
        } else {
          out.words[name].push_back(item.ToString().Utf8Value());
        }
      }
    } else {
      fail(from.Env(), "a number, boolean, string or array", name, value);
    }
  }
  return out;
}

Napi::Value AugmentOperator(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) fail(env, "an operator's name", "name", info[0]);
  if (!info[1].IsObject()) fail(env, "{data, width, height, channels}", "image", info[1]);
  if (!info[2].IsObject()) fail(env, "an object", "parameters", info[2]);
  const auto object = info[1].As<Napi::Object>();
  const auto width = integer<int>(object, "width", 1, kMaxSide);
  const auto height = integer<int>(object, "height", 1, kMaxSide);
  const auto channels = integer<int>(object, "channels", 1, 4);
  if (int64_t{width} * height > kMaxPixels) {
    fail(env, "at most " + std::to_string(kMaxPixels / width) + " rows of this width", "height",
         object.Get("height"));
  }
  const Napi::Value data = object.Get("data");
  const auto type = data.IsTypedArray() ? data.As<Napi::TypedArray>().TypedArrayType() : napi_int8_array;
  const bool levels = type == napi_uint8_array;
  if (!levels && type != napi_float32_array) fail(env, "a Float32Array or Uint8Array", "data", data);
  FloatImage image(width, height, channels);
  if (data.As<Napi::TypedArray>().ElementLength() != image.data.size()) {
    fail(env, std::to_string(image.data.size()) + " elements", "data", data);
  }
  if (levels) {
    const auto bytes = data.As<Napi::Uint8Array>();
    std::copy_n(bytes.Data(), image.data.size(), image.data.begin());
  } else {
    std::copy_n(data.As<Napi::Float32Array>().Data(), image.data.size(), image.data.begin());
  }

  const std::string name = info[0].As<Napi::String>().Utf8Value();
  const OperatorParameters parameters = parameters_of(info[2].As<Napi::Object>());
  image = guarded(env, [&] { return apply_operator(name, std::move(image), parameters, levels); });

  Napi::Object out = Napi::Object::New(env);
  if (levels) {
    Napi::Uint8Array bytes = Napi::Uint8Array::New(env, image.data.size());
    std::transform(image.data.begin(), image.data.end(), bytes.Data(),
                   [](float x) { return static_cast<uint8_t>(std::clamp(x, 0.0f, 255.0f)); });
    out.Set("data", bytes);
  } else {
    Napi::Float32Array floats = Napi::Float32Array::New(env, image.data.size());
    std::copy(image.data.begin(), image.data.end(), floats.Data());
    out.Set("data", floats);
  }
  out.Set("width", image.width);
  out.Set("height", image.height);
  return out;
}

Napi::Value EpochOrder(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject()) fail(env, "an object", "options", info[0]);
  const auto options = info[0].As<Napi::Object>();
  const auto seed = integer<uint64_t>(options, "seed");
  const auto epoch = integer<uint32_t>(options, "epoch");
  const auto count = integer<uint32_t>(options, "count", 0, INT32_MAX);
  const std::vector<uint32_t> order = guarded(env, [&] { return epoch_order(seed, epoch, count); });
  Napi::Uint32Array out = Napi::Uint32Array::New(env, order.size());
  std::copy(order.begin(), order.end(), out.Data());
  return out;
}

Napi::Value AugmentPaths(const Napi::CallbackInfo& info) {
  Napi::Array out = Napi::Array::New(info.Env());
  for (const ViewPath& path : view_paths()) out.Set(out.Length(), path.name);
  return out;
}

}  // namespace

void register_augment_functions(Napi::Env env, Napi::Object exports) {
  exports.Set("augmentOperator", Napi::Function::New(env, AugmentOperator, "augmentOperator"));
  exports.Set("augmentPaths", Napi::Function::New(env, AugmentPaths, "augmentPaths"));
  exports.Set("epochOrder", Napi::Function::New(env, EpochOrder, "epochOrder"));
}

}  // namespace simclr::binding
