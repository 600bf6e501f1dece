// ntXent: the loss and its gradient on a typed array.
#include <algorithm>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/registry.h"
#include "binding/tensors.h"
#include "core/learn/device.h"
#include "core/loss/nt_xent_replicas.h"

namespace simclr::binding {
namespace {

template <class T>
Napi::Value call(const Napi::CallbackInfo& info, at::ScalarType type) {
  const Napi::Env env = info.Env();
  Napi::TypedArrayOf<T> z = info[0].As<Napi::TypedArrayOf<T>>();
  const auto options = info[1].As<Napi::Object>();
  const auto length = static_cast<int64_t>(z.ElementLength());
  const int64_t dim = integer(options, "dim", 1);
  const int64_t views = has(options, "views") ? integer(options, "views", 2) : 2;
  // Divided, not multiplied: products of such numbers may not fit.
  if (length == 0 || length % dim != 0 || length / dim % views != 0) {
    fail(env, "a divisor of the rows' length, " + std::to_string(views) + " views an image,", "dim",
         options.Get("dim"));
  }
  const ReplicaOptions replicas{
      {number(options, "temperature"), number(options, "scale"), boolean(options, "normalize"), views},
      has(options, "replicas")
          ? integer<int>(options, "replicas", 1, std::min<int64_t>(length / (views * dim), 1024))
          : 1,
      has(options, "plain") && boolean(options, "plain"),
      input_type(options, type),
      guarded(env, [&] { return parse_device(has(options, "device") ? string(options, "device") : "cpu"); })};
  auto gradient = Napi::TypedArrayOf<T>::New(env, z.ElementLength());
  const auto tensor = [&](T* data) { return at::from_blob(data, {length / dim, dim}, type); };
  const ReplicaResult result =
      guarded(env, [&] { return nt_xent_replicas(tensor(z.Data()), tensor(gradient.Data()), replicas); });
  Napi::Object object = Napi::Object::New(env);
  object.Set("loss", result.loss);
  object.Set("contrastiveAccuracy", result.contrastive_accuracy);
  object.Set("entropy", result.entropy);
  object.Set("gradient", gradient);
  return object;
}

Napi::Value NtXent(const Napi::CallbackInfo& info) {
  if (!info[1].IsObject()) fail(info.Env(), "an object", "options", info[1]);
  if (info[0].IsTypedArray()) {
    switch (info[0].As<Napi::TypedArray>().TypedArrayType()) {
      case napi_float32_array:
        return call<float>(info, at::kFloat);
      case napi_float64_array:
        return call<double>(info, at::kDouble);
      default:
        break;
    }
  }
  fail(info.Env(), "a Float32Array or Float64Array", "z", info[0]);
}

}  // namespace

void register_ops_loss(Napi::Env env, Napi::Object exports) {
  exports.Set("ntXent", Napi::Function::New(env, NtXent, "ntXent"));
}

}  // namespace simclr::binding
