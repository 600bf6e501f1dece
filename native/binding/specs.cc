#include "binding/specs.h"

#include <map>
#include <string>

#include "binding/convert.h"
#include "binding/group.h"
#include "binding/tensors.h"

namespace simclr::binding {
namespace {

/// One of the table's words.
template <class T>
T word(const Napi::Object& object, const char* key, const std::map<std::string, T>& table) {
  const std::string given = string(object, key);
  const auto found = table.find(given);
  if (found != table.end()) return found->second;
  std::string expected;
  for (const auto& [name, value] : table) expected += (expected.empty() ? "" : ", ") + name;
  fail(object.Env(), "one of " + expected, key, object.Get(key));
}

NtXentOptions to_loss(const Napi::Object& object) {
  NtXentOptions options;
  options.temperature = number(object, "temperature");
  options.scale = number(object, "scale");
  options.normalize = boolean(object, "normalize");
  if (has(object, "views")) options.views = integer(object, "views", 1, INT32_MAX);
  return options;
}

TeacherSpec to_teacher(const Napi::Object& spec) {
  TeacherSpec out;
  out.encoder = to_encoder_spec(object(spec, "encoder"));
  out.head = to_head_spec(object(spec, "head"));
  out.classes = integer(spec, "classes", 1, INT32_MAX);
  out.tensors = to_tensors(spec.Get("tensors"));
  return out;
}

GraphMode to_graph_mode(const Napi::Object& object, const char* key) {
  return word<GraphMode>(object, key,
                         {{"off", GraphMode::kOff},
                          {"try", GraphMode::kTry},
                          {"must", GraphMode::kMust},
                          {"rehearse", GraphMode::kRehearse}});
}

}  // namespace

Convention to_convention(const Napi::Object& object, const char* key) {
  return word<Convention>(object, key, {{"paper", Convention::kPaper}, {"torch", Convention::kTorch}});
}

Precision to_precision(const Napi::Object& object, const char* key) {
  return word<Precision>(object, key,
                         {{"fp32", Precision::fp32},
                          {"tf32", Precision::tf32},
                          {"bf16", Precision::bf16},
                          {"fp16", Precision::fp16},
                          {"fp64", Precision::fp64}});
}

EncoderSpec to_encoder_spec(const Napi::Object& object) {
  EncoderSpec spec;
  spec.depth = word<int>(object, "arch",
                         {{"resnet18", 18},
                          {"resnet34", 34},
                          {"resnet50", 50},
                          {"resnet101", 101},
                          {"resnet152", 152},
                          {"resnet200", 200}});
  spec.width = number(object, "width");
  spec.stem = word<Stem>(object, "stem",
                         {{"imagenet", Stem::imagenet}, {"cifar", Stem::cifar}, {"stride2", Stem::stride2}});
  spec.convention = to_convention(object, "convention");
  spec.sk_ratio = number(object, "skRatio");
  return spec;
}

HeadSpec to_head_spec(const Napi::Object& object) {
  HeadSpec spec;
  spec.layers = integer<int>(object, "layers");
  if (has(object, "hidden")) spec.hidden = integer(object, "hidden", 1, INT32_MAX);
  spec.dim = integer(object, "dim", 1, INT32_MAX);
  spec.convention = to_convention(object, "convention");
  if (has(object, "keep")) spec.keep = integer<int>(object, "keep", 0, INT32_MAX);
  return spec;
}

OptimizerSpec to_optimizer_spec(const Napi::Object& object) {
  OptimizerSpec spec;
  using Name = OptimizerSpec::Name;
  spec.name =
      word<Name>(object, "name",
                 {{"lars", Name::lars}, {"sgd", Name::sgd}, {"adam", Name::adam}, {"adamw", Name::adamw}});
  spec.weight_decay = number(object, "weightDecay");
  if (spec.is_adam()) {
    spec.convention = to_convention(object, "convention");
    spec.beta1 = number(object, "beta1");
    spec.beta2 = number(object, "beta2");
    spec.epsilon = number(object, "epsilon");
    spec.decay_all = boolean(object, "decayAll");
    return spec;
  }
  spec.momentum = number(object, "momentum");
  spec.nesterov = boolean(object, "nesterov");
  if (spec.name == OptimizerSpec::Name::sgd) {
    spec.decay_all = boolean(object, "decayAll");
    return spec;
  }
  spec.convention = to_convention(object, "convention");
  spec.trust_coefficient = number(object, "trustCoefficient");
  spec.classic_momentum = boolean(object, "classicMomentum");
  spec.epsilon = number(object, "epsilon");
  return spec;
}

LearnerSpec to_learner_spec(const Napi::Object& spec) {
  LearnerSpec out;
  out.encoder = to_encoder_spec(object(spec, "encoder"));
  out.head = to_head_spec(object(spec, "head"));
  out.loss = to_loss(object(spec, "loss"));
  out.optimizer = to_optimizer_spec(object(spec, "optimizer"));
  out.classes = integer(spec, "classes", 0, INT32_MAX);
  out.supervised = has(spec, "supervised") && boolean(spec, "supervised");
  if (has(spec, "teacher")) out.teacher = to_teacher(object(spec, "teacher"));
  if (has(spec, "distillation")) {
    const Napi::Object distillation = object(spec, "distillation");
    out.distillation = {number(distillation, "temperature"), number(distillation, "weight")};
  }
  if (has(spec, "labelSmoothing")) out.label_smoothing = number(spec, "labelSmoothing");
  if (has(spec, "encoderLrScale")) out.encoder_lr_scale = number(spec, "encoderLrScale");
  if (has(spec, "maxGradientNorm")) out.max_gradient_norm = number(spec, "maxGradientNorm");
  if (has(spec, "fineTuneAfterBlock"))
    out.fine_tune_after_block = integer<int>(spec, "fineTuneAfterBlock", -1, 4);
  out.precision = to_precision(spec, "precision");
  out.device = string(spec, "device");
  out.shards = integer<int>(spec, "shards", 1, kMaxShards);
  out.exact_sums = has(spec, "exactSums") && boolean(spec, "exactSums");
  out.recompute = has(spec, "recompute") && boolean(spec, "recompute");
  out.chunk_size = has(spec, "chunkSize") ? integer(spec, "chunkSize") : 0;
  if (has(spec, "graph")) out.graph = to_graph_mode(spec, "graph");
  out.frozen_batch_norm = has(spec, "frozenBatchNorm") && boolean(spec, "frozenBatchNorm");
  out.seed = integer<uint64_t>(spec, "seed");
  if (has(spec, "group")) out.processes = GroupObject::From(spec.Get("group"));
  out.global_batch_norm = !has(spec, "globalBatchNorm") || boolean(spec, "globalBatchNorm");
  out.global_negatives = !has(spec, "globalNegatives") || boolean(spec, "globalNegatives");
  out.buckets.compress = has(spec, "compressGradients") && boolean(spec, "compressGradients");
  return out;
}

}  // namespace simclr::binding
