#include "binding/decoded_image.h"

#include <algorithm>
#include <utility>

#include "binding/errors.h"
#include "binding/instance.h"

namespace simclr::binding {
namespace {

/// Marks our objects, so that another wrapped object is never taken for one.
constexpr napi_type_tag kTypeTag = {0x52c7d9a4f03e4b18, 0x9d61e8b7403fa2c5};

}  // namespace

void DecodedImage::Register(Napi::Env env) {
  const Napi::Function constructor = DefineClass(env, "DecodedImage",
                                                 {
                                                     InstanceAccessor<&DecodedImage::Width>("width"),
                                                     InstanceAccessor<&DecodedImage::Height>("height"),
                                                     InstanceAccessor<&DecodedImage::Channels>("channels"),
                                                     InstanceAccessor<&DecodedImage::Data>("data"),
                                                 });
  instance(env).decoded_image = Napi::Persistent(constructor);
}

DecodedImage::DecodedImage(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DecodedImage>(info) {
  info.This().As<Napi::Object>().TypeTag(&kTypeTag);
}

DecodedImage::~DecodedImage() { release(Env()); }

Napi::Object DecodedImage::Wrap(Napi::Env env, Pixels pixels) {
  const Napi::Object object = instance(env).decoded_image.New({});
  Napi::MemoryManagement::AdjustExternalMemory(env, static_cast<int64_t>(pixels.bytes()));
  Unwrap(object)->pixels_ = std::move(pixels);
  return object;
}

std::optional<Pixels> DecodedImage::Take(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTypeTag)) return std::nullopt;
  DecodedImage* self = Unwrap(value.As<Napi::Object>());
  if (self->pixels_.data == nullptr) return std::nullopt;
  return self->release(value.Env());
}

Pixels DecodedImage::release(Napi::Env env) {
  if (pixels_.data == nullptr) return {};
  Napi::MemoryManagement::AdjustExternalMemory(env, -static_cast<int64_t>(pixels_.bytes()));
  return {std::move(pixels_.data), pixels_.width, pixels_.height, pixels_.channels};
}

Napi::Value DecodedImage::Width(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), pixels_.width);
}

Napi::Value DecodedImage::Height(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), pixels_.height);
}

Napi::Value DecodedImage::Channels(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), pixels_.channels);
}

Napi::Value DecodedImage::Data(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (data_.IsEmpty()) {
    if (pixels_.data == nullptr) {
      throw to_js(env, {"ERR_SIMCLR_DISPOSED",
                        "The pixels of this image are in an image store now; get them there."});
    }
    Napi::Uint8Array data = Napi::Uint8Array::New(env, pixels_.bytes());  // first: it may not be had
    const Pixels pixels = release(env);
    std::copy_n(pixels.data.get(), pixels.bytes(), data.Data());
    data_ = Napi::Persistent(data.As<Napi::Object>());
  }
  return data_.Value();
}

}  // namespace simclr::binding
