#include "binding/convert.h"

#include <cmath>

#include "binding/errors.h"

namespace simclr::binding {
namespace {

/// NaN for what is no number.
double double_of(const Napi::Value& value) {
  return value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
}

/// A value in a few words: an array's elements could be millions, and not everything becomes a string.
std::string in_words(const Napi::Value& value) {
  switch (value.Type()) {
    case napi_symbol:
      return "a symbol";
    case napi_function:
      return "a function";
    case napi_bigint:
      return "a bigint";
    case napi_external:
      return "an external";
    case napi_object:
      break;
    default: {
      constexpr size_t kLongest = 80;
      const std::string text = value.ToString().Utf8Value();
      if (text.size() <= kLongest) return text;
      size_t end = kLongest;
      while ((text[end] & 0xc0) == 0x80) --end;  // not inside a character
      return text.substr(0, end) + "…";
    }
  }
  if (value.IsTypedArray())
    return "a typed array of " + std::to_string(value.As<Napi::TypedArray>().ElementLength()) + " elements";
  if (value.IsArray()) return "an array of " + std::to_string(value.As<Napi::Array>().Length()) + " elements";
  return "an object";
}

}  // namespace

[[noreturn]] void fail(Napi::Env env, const std::string& what, const std::string& name,
                       const Napi::Value& value) {
  throw to_js(env, {"ERR_SIMCLR_INVALID_ARGUMENT",
                    "Expected " + what + " for `" + name + "` but received " + in_words(value)});
}

bool has(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  return !value.IsUndefined() && !value.IsNull();
}

double number(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  const double number = double_of(value);
  if (!std::isfinite(number)) fail(object.Env(), "a finite number", key, value);
  return number;
}

int64_t integer(const Napi::Value& value, const std::string& name, int64_t least, int64_t most) {
  const double number = double_of(value);
  // A comparison with NaN is false.
  if (number == std::floor(number) && number >= static_cast<double>(least) &&
      number <= static_cast<double>(most)) {
    return static_cast<int64_t>(number);
  }
  const std::string range = most == kLargestInteger
                                ? "of at least " + std::to_string(least)
                                : "from " + std::to_string(least) + " to " + std::to_string(most);
  fail(value.Env(), "an integer " + range, name, value);
}

bool boolean(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsBoolean()) fail(object.Env(), "a boolean", key, value);
  return value.As<Napi::Boolean>().Value();
}

std::string string(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsString()) fail(object.Env(), "a string", key, value);
  return value.As<Napi::String>().Utf8Value();
}

Napi::Object object(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsObject()) fail(object.Env(), "an object", key, value);
  return value.As<Napi::Object>();
}

std::vector<double> numbers(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsArray()) fail(object.Env(), "an array of numbers", key, value);
  const auto array = value.As<Napi::Array>();
  std::vector<double> out;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    out.push_back(double_of(array.Get(i)));
    if (!std::isfinite(out.back())) fail(object.Env(), "an array of finite numbers", key, value);
  }
  return out;
}

std::vector<int64_t> integers(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsArray()) fail(object.Env(), "an array of integers", key, value);
  const auto array = value.As<Napi::Array>();
  std::vector<int64_t> out;
  for (uint32_t i = 0; i < array.Length(); ++i) out.push_back(integer(array.Get(i), key, 0, kLargestInteger));
  return out;
}

}  // namespace simclr::binding
