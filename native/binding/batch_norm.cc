// batchNorm(): BatchNorm with all that is fused into it, and its gradients, so that tests can hold it against
// float64.
#include "core/nn/batch_norm.h"

#include <optional>
#include <vector>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/registry.h"
#include "binding/tensors.h"
#include "core/dist/group.h"

namespace simclr::binding {
namespace {

/// From NHWC; in this order in memory, or plane by plane, which the fused kernels do not take.
at::Tensor to_images(const Napi::Value& value, at::ScalarType type, bool fused) {
  const at::Tensor nchw = to_tensor(value).value.permute({0, 3, 1, 2}).to(type);
  return nchw.contiguous(fused ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

Napi::Value BatchNormAndGradients(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const auto given = info[0].As<Napi::Object>();
    const auto options = info[1].As<Napi::Object>();
    const bool fused = boolean(options, "fused");
    const at::ScalarType own = to_tensor(given.Get("x")).value.scalar_type();
    const at::ScalarType type = input_type(options, own);
    const at::Tensor x = to_images(given.Get("x"), type, fused).requires_grad_(true);
    const at::Tensor scale = to_tensor(given.Get("scale")).value.requires_grad_(true);
    const at::Tensor shift = to_tensor(given.Get("shift")).value.requires_grad_(true);
    std::optional<at::Tensor> residual;
    if (has(given, "residual")) residual = to_images(given.Get("residual"), type, fused).requires_grad_(true);

    const std::vector<at::Tensor> weights{scale, shift};
    std::vector<at::Tensor> none;  // running statistics are not tracked
    none.resize(3);
    SoloGroup group;
    const Context context{weights, none, group, true, false};
    const BatchNorm layer{0, 1, 0, 1, 2, false};
    const at::Tensor y = batch_norm(context, layer, x, boolean(options, "relu"), residual);
    y.backward(to_images(given.Get("dy"), type, fused));

    Napi::Object out = Napi::Object::New(env);
    const auto set = [&](const char* name, const at::Tensor& value) {
      out.Set(name, to_js(env, NamedTensor{name, value}));
    };
    const auto set_images = [&](const char* name, const at::Tensor& value) {
      set(name, value.permute({0, 2, 3, 1}).to(own).contiguous());
    };
    set_images("y", y.detach());
    set_images("dx", x.grad());
    out.Set("dresidual", env.Null());
    if (residual) set_images("dresidual", residual->grad());
    set("dscale", scale.grad());
    set("dshift", shift.grad());
    return out;
  });
}

}  // namespace

void register_batch_norm(Napi::Env env, Napi::Object exports) {
  exports.Set("batchNorm", Napi::Function::New(env, BatchNormAndGradients, "batchNorm"));
}

}  // namespace simclr::binding
