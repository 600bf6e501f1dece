#include "binding/convert.h"

#include <cmath>

#include "binding/errors.h"

namespace simclr::binding {

[[noreturn]] void fail(Napi::Env env, const std::string& what, const std::string& name,
                       const Napi::Value& value) {
  const std::string received = value.IsUndefined() ? "undefined" : value.ToString().Utf8Value();
  throw to_js(env, {"ERR_SIMCLR_INVALID_ARGUMENT",
                    "Expected " + what + " for `" + name + "` but received " + received});
}

bool has(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  return !value.IsUndefined() && !value.IsNull();
}

double number(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsNumber()) fail(object.Env(), "a number", key, value);
  return value.As<Napi::Number>().DoubleValue();
}

int64_t integer(const Napi::Object& object, const char* key) {
  const double value = number(object, key);
  if (std::floor(value) != value) fail(object.Env(), "an integer", key, object.Get(key));
  return static_cast<int64_t>(value);
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
    const Napi::Value item = array.Get(i);
    if (!item.IsNumber()) fail(object.Env(), "an array of numbers", key, value);
    out.push_back(item.As<Napi::Number>().DoubleValue());
  }
  return out;
}

std::vector<int64_t> integers(const Napi::Object& object, const char* key) {
  std::vector<int64_t> out;
  for (const double value : numbers(object, key)) out.push_back(static_cast<int64_t>(value));
  return out;
}

}  // namespace simclr::binding
