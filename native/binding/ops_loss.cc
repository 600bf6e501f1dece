// ntXent: the loss and its gradient on a typed array.
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/registry.h"
#include "binding/tensors.h"
#include "core/dist/shard_pool.h"
#include "core/learn/device.h"
#include "core/loss/nt_xent.h"

namespace simclr::binding {
namespace {

struct Request {
  NtXentOptions loss;
  int replicas;
  bool plain;
  at::ScalarType input;  ///< what z is rounded to first, as a half-precision encoder would hand it over
  at::Device device;
};

struct Result {
  double loss, accuracy, entropy;
};

/// One replica's share: its images' rows of z; its gradient goes to the same rows of `gradient`.
Result run_replica(const at::Tensor& z, at::Tensor& gradient, int64_t first, int64_t count,
                   const Request& request, Group& group) {
  const int64_t views = request.loss.views;
  const auto own = [&](const at::Tensor& all) {
    std::vector<at::Tensor> parts;
    for (const at::Tensor& view : all.chunk(views, 0)) parts.push_back(view.narrow(0, first, count));
    return parts;
  };
  const at::Tensor rows = at::cat(own(z)).to(request.device, request.input).requires_grad_();
  const NtXentOutput out = (request.plain ? nt_xent_plain : nt_xent)(rows, request.loss, group);
  const at::Tensor grad = torch::autograd::grad({out.loss}, {rows})[0];
  for (int64_t view = 0; view < views; ++view) own(gradient)[view].copy_(grad.narrow(0, view * count, count));
  return {out.loss.item<double>(), out.contrastive_accuracy.item<double>(), out.entropy.item<double>()};
}

Result run(const at::Tensor& z, at::Tensor& gradient, const Request& request) {
  const int64_t images = z.size(0) / request.loss.views;
  ShardPool pool(request.replicas, at::get_num_threads());
  Result result{};
  pool.run([&](int replica, Group& group) {
    // Uneven where the images do not divide.
    const int64_t first = images * replica / request.replicas;
    const int64_t end = images * (replica + 1) / request.replicas;
    const Result own = run_replica(z, gradient, first, end - first, request, group);
    if (replica == 0) result = own;
  });
  return result;
}

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
  Request request{
      {number(options, "temperature"), number(options, "scale"), boolean(options, "normalize"), views},
      has(options, "replicas")
          ? integer<int>(options, "replicas", 1, std::min<int64_t>(length / (views * dim), 1024))
          : 1,
      has(options, "plain") && boolean(options, "plain"),
      input_type(options, type),
      guarded(env, [&] { return parse_device(has(options, "device") ? string(options, "device") : "cpu"); })};
  auto gradient = Napi::TypedArrayOf<T>::New(env, z.ElementLength());
  const auto tensor = [&](T* data) { return at::from_blob(data, {length / dim, dim}, type); };
  at::Tensor out = tensor(gradient.Data());
  const Result result = guarded(env, [&] { return run(tensor(z.Data()), out, request); });
  Napi::Object object = Napi::Object::New(env);
  object.Set("loss", result.loss);
  object.Set("contrastiveAccuracy", result.accuracy);
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
