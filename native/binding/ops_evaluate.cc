// nearest, knn, linearProbe and classProbabilities, on a thread of their own.
#include <algorithm>
#include <string>
#include <vector>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/instance.h"
#include "binding/promise_task.h"
#include "binding/registry.h"
#include "binding/tensors.h"
#include "core/evaluate/finite.h"
#include "core/evaluate/knn.h"
#include "core/evaluate/linear.h"
#include "core/evaluate/nearest.h"

namespace simclr::binding {
namespace {

struct Probe {
  at::Tensor features, labels, queries;
  int64_t classes;
};

/// A copy: JavaScript may change the array, or give its memory away (to a worker, say), while a thread of
/// ours computes, and Node-API has nothing that holds the memory where it is.
at::Tensor rows(const Napi::Value& value, const char* name, int64_t dim) {
  const Napi::Env env = value.Env();
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array)
    fail(env, "a Float32Array", name, value);
  Napi::Float32Array array = value.As<Napi::Float32Array>();
  const auto length = static_cast<int64_t>(array.ElementLength());
  if (length % dim != 0) fail(env, "whole rows of `dim` numbers", name, value);
  return guarded(env, [&] { return at::from_blob(array.Data(), {length / dim, dim}, at::kFloat).clone(); });
}

Probe to_probe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[3].IsObject()) fail(env, "an object", "options", info[3]);
  const auto options = info[3].As<Napi::Object>();
  const int64_t dim = integer(options, "dim", 1);
  Probe probe{rows(info[0], "features", dim),
              {},
              rows(info[2], "queries", dim),
              integer(options, "classes", 0, INT32_MAX)};
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

template <class Work, class Finish>
Napi::Value queue(Napi::Env env, Work work, Finish finish) {
  auto& thread = instance(env).probes;
  if (!thread) thread = start_thread(env);
  return promise_task(env, *thread, Napi::Object::New(env), std::move(work), std::move(finish));
}

template <class Predict>
Napi::Value run(const Napi::CallbackInfo& info, Predict predict) {
  const auto work = [probe = to_probe(info), predict = std::move(predict)] {
    require_finite(probe.features, "features");
    require_finite(probe.queries, "queries");
    return predict(probe).to(at::kInt).contiguous();
  };
  return queue(info.Env(), work, [](Napi::Env env, const at::Tensor& classes) -> Napi::Value {
    Napi::Int32Array out = Napi::Int32Array::New(env, classes.numel());
    std::copy_n(classes.const_data_ptr<int32_t>(), classes.numel(), out.Data());
    return out;
  });
}

/// How many classes are told of each query; one where nothing is said.
int64_t to_top(const Napi::Object& options, int64_t classes) {
  return options.Get("top").IsUndefined() ? 1 : integer(options, "top", 1, classes);
}

Metric to_metric(const Napi::Object& options) {
  const std::string name = string(options, "metric");
  if (name == "cosine") return Metric::kCosine;
  if (name == "euclidean") return Metric::kEuclidean;
  fail(options.Env(), "'cosine' or 'euclidean'", "metric", options.Get("metric"));
}

Napi::Value Nearest(const Napi::CallbackInfo& info) {
  if (!info[2].IsObject()) fail(info.Env(), "an object", "options", info[2]);
  const auto options = info[2].As<Napi::Object>();
  const int64_t dim = integer(options, "dim", 1);
  const Metric metric = to_metric(options);
  const at::Tensor queries = rows(info[0], "queries", dim), references = rows(info[1], "references", dim);
  const int64_t k = integer(options, "k", 1, references.size(0));
  const auto work = [=] {
    require_finite(references, "references");
    require_finite(queries, "queries");
    return nearest(queries, references, k, metric);
  };
  return queue(info.Env(), work, [](Napi::Env env, const Neighbours& found) -> Napi::Value {
    Napi::Object out = Napi::Object::New(env);
    Napi::Uint32Array indices = Napi::Uint32Array::New(env, found.indices.numel());
    std::copy_n(found.indices.const_data_ptr<int64_t>(), found.indices.numel(), indices.Data());
    out.Set("indices", indices);
    out.Set("similarities", to_float_array(env, found.similarities));
    return out;
  });
}

Napi::Value Knn(const Napi::CallbackInfo& info) {
  if (!info[3].IsObject()) fail(info.Env(), "an object", "options", info[3]);
  const auto options = info[3].As<Napi::Object>();
  const int64_t classes = integer(options, "classes", 0, INT32_MAX);
  const KnnOptions knn_options{classes, integer(options, "k", 1), number(options, "temperature"),
                               to_top(options, classes)};
  if (knn_options.temperature <= 0)
    fail(info.Env(), "a number above 0", "temperature", options.Get("temperature"));
  return run(info, [knn_options](const Probe& probe) {
    return knn(probe.features, probe.labels, probe.queries, knn_options);
  });
}

Napi::Value LinearProbe(const Napi::CallbackInfo& info) {
  if (!info[3].IsObject()) fail(info.Env(), "an object", "options", info[3]);
  const auto options = info[3].As<Napi::Object>();
  const int64_t classes = integer(options, "classes", 0, INT32_MAX);
  const LinearProbeOptions probe_options{classes, number(options, "l2"),
                                         integer(options, "maxIterations", 1, INT32_MAX),
                                         to_top(options, classes)};
  if (probe_options.l2 < 0) fail(info.Env(), "a number of at least 0", "l2", options.Get("l2"));
  return run(info, [probe_options](const Probe& probe) {
    return linear_probe(probe.features, probe.labels, probe.queries, probe_options);
  });
}

/// The kept layers, each of which takes what the one before gives; none where there is no argument.
std::vector<DenseLayer> to_hidden(const Napi::Value& value) {
  std::vector<DenseLayer> hidden;
  if (value.IsUndefined()) return hidden;
  if (!value.IsArray()) fail(value.Env(), "an array of layers", "hidden", value);
  const auto layers = value.As<Napi::Array>();
  for (uint32_t i = 0; i < layers.Length(); ++i) {
    const Napi::Value given = layers.Get(i);
    if (!given.IsObject()) fail(value.Env(), "a layer's weight and bias", "hidden", given);
    const auto layer = given.As<Napi::Object>();
    const at::Tensor bias = rows(layer.Get("bias"), "hidden.bias", 1).flatten();
    const at::Tensor weight = rows(layer.Get("weight"), "hidden.weight", 1);
    const int64_t out = bias.numel(), values = weight.numel();
    if (values == 0 || out == 0 || values % out != 0 ||
        (!hidden.empty() && values / out != hidden.back().bias.numel()))
      fail(value.Env(), "layers each of which takes as many numbers as the one before it gives", "hidden",
           given);
    hidden.push_back({weight.view({out, values / out}), bias});
  }
  return hidden;
}

Napi::Value ClassProbabilities(const Napi::CallbackInfo& info) {
  const at::Tensor bias = rows(info[2], "bias", 1).flatten();
  const int64_t classes = bias.numel();
  if (!info[1].IsTypedArray() || classes == 0) fail(info.Env(), "numbers a class", "weight", info[1]);
  const auto length = static_cast<int64_t>(info[1].As<Napi::TypedArray>().ElementLength());
  const int64_t dim = length / classes;
  if (dim == 0 || length % classes != 0) fail(info.Env(), "as many numbers a class", "weight", info[1]);
  const std::vector<DenseLayer> hidden = to_hidden(info[3]);
  if (!hidden.empty() && hidden.back().bias.numel() != dim)
    fail(info.Env(), "a last layer that gives the " + std::to_string(dim) + " numbers that `weight` takes",
         "hidden", info[3]);
  const at::Tensor weight = rows(info[1], "weight", dim);
  const at::Tensor features = rows(info[0], "features", hidden.empty() ? dim : hidden.front().weight.size(1));
  const auto work = [=] {
    require_finite(features, "features");
    return class_probabilities(features, weight, bias, hidden).contiguous();
  };
  return queue(info.Env(), work, to_float_array);
}

}  // namespace

void register_ops_evaluate(Napi::Env env, Napi::Object exports) {
  exports.Set("nearest", Napi::Function::New(env, Nearest, "nearest"));
  exports.Set("knn", Napi::Function::New(env, Knn, "knn"));
  exports.Set("linearProbe", Napi::Function::New(env, LinearProbe, "linearProbe"));
  exports.Set("classProbabilities", Napi::Function::New(env, ClassProbabilities, "classProbabilities"));
}

}  // namespace simclr::binding
