// optimizerStep: one update by an optimizer on typed arrays, in place.
#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/registry.h"
#include "binding/specs.h"
#include "core/learn/device.h"
#include "core/optim/optimizer.h"

namespace simclr::binding {
namespace {

/// A flat tensor over the array's own memory; all of a variable's arrays must be alike.
at::Tensor view(const Napi::Object& variable, const char* key, const at::Tensor& like) {
  const Napi::Value value = variable.Get(key);
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* data = nullptr;
  // All in one call: this is most of what a step over small arrays costs. Fails where it is no typed array.
  napi_get_typedarray_info(variable.Env(), value, &type, &length, &data, nullptr, nullptr);
  if (type != napi_float32_array && type != napi_float64_array)
    fail(variable.Env(), "a Float32Array or Float64Array", key, value);
  const at::Tensor out = at::from_blob(data, {static_cast<int64_t>(length)},
                                       type == napi_float32_array ? at::kFloat : at::kDouble);
  if (like.defined() && (like.numel() != out.numel() || like.scalar_type() != out.scalar_type()))
    fail(variable.Env(), "an array like `weight`", key, value);
  return out;
}

Exclusion exclusion_of(const Napi::Object& variable) {
  return has(variable, "excluded") && boolean(variable, "excluded") ? Exclusion::kAll : Exclusion::kNone;
}

/// `count`: which step this is, 1 the first; only to those that count.
void step(const OptimizerSpec& spec, const std::vector<OptimizedTensor>& variables, double lr,
          at::Device device, int64_t count) {
  std::vector<OptimizedTensor> moved = variables;  // on the CPU the same memory
  for (OptimizedTensor& tensor : moved) {
    tensor.weight = tensor.weight.to(device);
    tensor.gradient = tensor.gradient.to(device);
    tensor.momentum = tensor.momentum.to(device);
    if (tensor.second_moment.defined()) tensor.second_moment = tensor.second_moment.to(device);
  }
  const std::unique_ptr<Optimizer> optimizer = make_optimizer(spec, moved);
  if (optimizer->steps().defined()) optimizer->steps().fill_(static_cast<double>(count - 1));
  optimizer->set_lr(lr);
  optimizer->step(torch_threads(), [](size_t) {});
  for (size_t i = 0; i < moved.size(); ++i) {
    if (moved[i].weight.is_same(variables[i].weight)) continue;
    variables[i].weight.copy_(moved[i].weight);
    variables[i].momentum.copy_(moved[i].momentum);
    if (moved[i].second_moment.defined()) variables[i].second_moment.copy_(moved[i].second_moment);
  }
}

Napi::Value OptimizerStep(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject()) fail(env, "an optimizer", "spec", info[0]);
  if (!info[1].IsArray()) fail(env, "an array", "variables", info[1]);
  if (!info[2].IsNumber()) fail(env, "a number", "lr", info[2]);
  const OptimizerSpec spec = to_optimizer_spec(info[0].As<Napi::Object>());
  const auto variables = info[1].As<Napi::Array>();
  std::vector<OptimizedTensor> tensors;
  for (uint32_t i = 0; i < variables.Length(); ++i) {
    if (!variables.Get(i).IsObject()) fail(env, "an object", "variables", variables.Get(i));
    const auto variable = variables.Get(i).As<Napi::Object>();
    const at::Tensor weight = view(variable, "weight", {});
    if (i > 0 && weight.scalar_type() != tensors[0].weight.scalar_type())
      fail(env, "one array type for all variables", "weight", variable.Get("weight"));
    tensors.push_back({std::to_string(i), weight, view(variable, "gradient", weight), exclusion_of(variable),
                       view(variable, "momentum", weight),
                       spec.is_adam() ? view(variable, "secondMoment", weight) : at::Tensor()});
  }
  if (spec.is_adam() && !info[4].IsNumber()) fail(env, "a number", "step", info[4]);
  const double lr = info[2].As<Napi::Number>().DoubleValue();
  const std::string device = info[3].IsString() ? info[3].As<Napi::String>().Utf8Value() : "cpu";
  const int64_t count = info[4].IsNumber() ? info[4].As<Napi::Number>().Int64Value() : 1;
  guarded(env, [&] { step(spec, tensors, lr, parse_device(device), count); });
  return env.Undefined();
}

}  // namespace

void register_ops_optimizer(Napi::Env env, Napi::Object exports) {
  exports.Set("optimizerStep", Napi::Function::New(env, OptimizerStep, "optimizerStep"));
}

}  // namespace simclr::binding
