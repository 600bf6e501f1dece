// ntXent: the loss and its gradient on a typed array.
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/registry.h"
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

at::ScalarType input_type(const Napi::Object& options, at::ScalarType otherwise) {
  if (!has(options, "input")) return otherwise;
  const std::string name = string(options, "input");
  if (name == "bf16") return at::kBFloat16;
  if (name == "fp16") return at::kHalf;
  fail(options.Env(), "'bf16' or 'fp16'", "input", options.Get("input"));
}

/// One replica's share: `rows` views its images' rows of z; its gradient goes to the same rows of `gradient`.
Result run_replica(const at::Tensor& z, at::Tensor& gradient, int64_t first, int64_t count,
                   const Request& request, Group& group) {
  const int64_t images = z.size(0) / 2;
  const auto own = [&](const at::Tensor& all) {
    return std::vector<at::Tensor>{all.narrow(0, first, count), all.narrow(0, images + first, count)};
  };
  const at::Tensor rows = at::cat(own(z)).to(request.device, request.input).requires_grad_();
  const NtXentOutput out = (request.plain ? nt_xent_plain : nt_xent)(rows, request.loss, group);
  const at::Tensor grad = torch::autograd::grad({out.loss}, {rows})[0];
  own(gradient)[0].copy_(grad.narrow(0, 0, count));
  own(gradient)[1].copy_(grad.narrow(0, count, count));
  return {out.loss.item<double>(), out.contrastive_accuracy.item<double>(), out.entropy.item<double>()};
}

Result run(const at::Tensor& z, at::Tensor& gradient, const Request& request) {
  const int64_t images = z.size(0) / 2;
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
  const int64_t dim = integer(options, "dim");
  const auto length = static_cast<int64_t>(z.ElementLength());
  if (dim < 1 || length == 0 || length % (2 * dim) != 0) {
    fail(env, "a divisor of the rows' length, two views an image,", "dim", options.Get("dim"));
  }
  Request request{
      {number(options, "temperature"), number(options, "scale"), boolean(options, "normalize")},
      has(options, "replicas") ? static_cast<int>(integer(options, "replicas")) : 1,
      has(options, "plain") && boolean(options, "plain"),
      input_type(options, type),
      guarded(env, [&] { return parse_device(has(options, "device") ? string(options, "device") : "cpu"); })};
  if (request.replicas < 1 || request.replicas > length / (2 * dim)) {
    fail(env, "1 to the number of images", "replicas", options.Get("replicas"));
  }
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
