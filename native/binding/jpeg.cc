// decodeJpeg(): JPEG to pixels off the JavaScript thread.
#include "core/image/jpeg.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "binding/convert.h"
#include "binding/decoded_image.h"
#include "binding/pool_task.h"
#include "binding/registry.h"

namespace simclr::binding {
namespace {

template <class Decode>
Napi::Value on_pool(Napi::Env env, Decode decode) {
  return pool_task(env, std::move(decode), [](Napi::Env env, std::optional<Pixels> pixels) -> Napi::Value {
    if (!pixels) return env.Null();
    return DecodedImage::Wrap(env, std::move(*pixels));
  });
}

Napi::Value DecodeJpeg(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[1].IsObject()) fail(env, "an object", "options", info[1]);
  const auto options = info[1].As<Napi::Object>();
  JpegOptions decoding;
  decoding.max_pixels = integer(options, "maxPixels", 1);
  if (has(options, "shorterSide")) decoding.shorter_side = integer<int>(options, "shorterSide", 1);
  if (info[0].IsString()) {
    return on_pool(env, [path = info[0].As<Napi::String>().Utf8Value(), decoding] {
      return decode_jpeg_file(path, decoding);
    });
  }
  if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    fail(env, "a path or the bytes of a file (Uint8Array)", "input", info[0]);
  }
  // A copy: JavaScript may change the bytes, or hand their memory to another thread, meanwhile.
  const auto bytes = info[0].As<Napi::Uint8Array>();
  return on_pool(env, [file = std::vector<uint8_t>(bytes.Data(), bytes.Data() + bytes.ElementLength()),
                       decoding] { return decode_jpeg(file, decoding); });
}

}  // namespace

void register_jpeg(Napi::Env env, Napi::Object exports) {
  DecodedImage::Register(env);
  exports.Set("decodeJpeg", Napi::Function::New(env, DecodeJpeg, "decodeJpeg"));
}

}  // namespace simclr::binding
