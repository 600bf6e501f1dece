// knn and linearProbe, on a thread of their own.
#include <algorithm>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/instance.h"
#include "binding/promise_task.h"
#include "binding/registry.h"
#include "core/evaluate/knn.h"
#include "core/evaluate/linear.h"

namespace simclr::binding {
namespace {

/// The three arrays of a probe, as tensors over JavaScript's memory.
struct Probe {
  at::Tensor features, labels, queries;
  int64_t classes;
};

at::Tensor rows(const Napi::CallbackInfo& info, size_t argument, const char* name, int64_t dim) {
  const Napi::Value value = info[argument];
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array)
    fail(info.Env(), "a Float32Array", name, value);
  Napi::Float32Array array = value.As<Napi::Float32Array>();
  const auto length = static_cast<int64_t>(array.ElementLength());
  if (length % dim != 0) fail(info.Env(), "whole rows of `dim` numbers", name, value);
  return at::from_blob(array.Data(), {length / dim, dim}, at::kFloat);
}

Probe to_probe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[3].IsObject()) fail(env, "an object", "options", info[3]);
  const auto options = info[3].As<Napi::Object>();
  const int64_t dim = integer(options, "dim");
  if (dim < 1) fail(env, "a positive integer", "dim", options.Get("dim"));
  Probe probe{rows(info, 0, "features", dim), {}, rows(info, 2, "queries", dim), integer(options, "classes")};
  if (!info[1].IsTypedArray() || info[1].As<Napi::TypedArray>().TypedArrayType() != napi_int32_array)
    fail(env, "an Int32Array", "labels", info[1]);
  Napi::Int32Array labels = info[1].As<Napi::Int32Array>();
  const auto count = static_cast<int64_t>(labels.ElementLength());
  if (count == 0 || count != probe.features.size(0)) fail(env, "one label for each row", "labels", info[1]);
  const auto in_range = [&](int32_t label) { return label >= 0 && label < probe.classes; };
  if (!std::all_of(labels.Data(), labels.Data() + count, in_range))
    fail(env, "classes from 0 to `classes` - 1", "labels", info[1]);
  probe.labels = at::from_blob(labels.Data(), {count}, at::kInt).to(at::kLong);
  return probe;
}

template <class Predict>
Napi::Value run(const Napi::CallbackInfo& info, Predict predict) {
  const Napi::Env env = info.Env();
  Napi::Object keep = Napi::Object::New(env);
  keep.Set("features", info[0]);
  keep.Set("queries", info[2]);
  const auto work = [probe = to_probe(info), predict = std::move(predict)] {
    return predict(probe).to(at::kInt).contiguous();
  };
  const auto finish = [](Napi::Env env, const at::Tensor& classes) -> Napi::Value {
    Napi::Int32Array out = Napi::Int32Array::New(env, classes.numel());
    std::copy_n(classes.const_data_ptr<int32_t>(), classes.numel(), out.Data());
    return out;
  };
  auto& thread = instance(env).probes;
  if (!thread) thread = std::make_unique<TaskThread>();
  return promise_task(env, *thread, keep, work, finish);
}

Napi::Value Knn(const Napi::CallbackInfo& info) {
  if (!info[3].IsObject()) fail(info.Env(), "an object", "options", info[3]);
  const auto options = info[3].As<Napi::Object>();
  const KnnOptions knn_options{integer(options, "classes"), integer(options, "k"),
                               number(options, "temperature")};
  if (knn_options.k < 1) fail(info.Env(), "a positive integer", "k", options.Get("k"));
  return run(info, [knn_options](const Probe& probe) {
    return knn(probe.features, probe.labels, probe.queries, knn_options);
  });
}

Napi::Value LinearProbe(const Napi::CallbackInfo& info) {
  if (!info[3].IsObject()) fail(info.Env(), "an object", "options", info[3]);
  const auto options = info[3].As<Napi::Object>();
  const LinearProbeOptions probe_options{integer(options, "classes"), number(options, "l2"),
                                         integer(options, "maxIterations")};
  return run(info, [probe_options](const Probe& probe) {
    return linear_probe(probe.features, probe.labels, probe.queries, probe_options);
  });
}

}  // namespace

void register_ops_evaluate(Napi::Env env, Napi::Object exports) {
  exports.Set("knn", Napi::Function::New(env, Knn, "knn"));
  exports.Set("linearProbe", Napi::Function::New(env, LinearProbe, "linearProbe"));
}

}  // namespace simclr::binding
