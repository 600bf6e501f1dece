// An image that native code decoded: a raw image for JavaScript whose pixels stay native until somebody
// looks.
#pragma once

#include <napi.h>

#include <optional>

#include "core/image/pixels.h"

namespace simclr::binding {

class DecodedImage : public Napi::ObjectWrap<DecodedImage> {
 public:
  static void Register(Napi::Env env);

  explicit DecodedImage(const Napi::CallbackInfo& info);
  ~DecodedImage() override;

  static Napi::Object Wrap(Napi::Env env, Pixels pixels);

  /// Moves the pixels out; the object has none any more. Nothing where `value` is another object, such as a
  /// raw image that JavaScript made, or where JavaScript has looked at the pixels and may have changed them.
  static std::optional<Pixels> Take(const Napi::Value& value);

 private:
  Napi::Value Width(const Napi::CallbackInfo& info);
  Napi::Value Height(const Napi::CallbackInfo& info);
  Napi::Value Channels(const Napi::CallbackInfo& info);
  Napi::Value Data(const Napi::CallbackInfo& info);

  /// Lets go of the native pixels, and tells V8.
  Pixels release(Napi::Env env);

  Pixels pixels_;
  Napi::ObjectReference data_;  ///< the copy JavaScript has
};

}  // namespace simclr::binding
