// Learner for JavaScript: every call is a task on the learner's own thread, so nothing here blocks the event
// loop.
#include "core/learn/learner.h"

#include <memory>
#include <string>
#include <utility>

#include "binding/augmenter.h"
#include "binding/errors.h"
#include "binding/image_store.h"
#include "binding/promise_task.h"
#include "binding/registry.h"
#include "binding/specs.h"
#include "binding/tensors.h"
#include "core/work_gate.h"

namespace simclr::binding {
namespace {

void set_step_values(Napi::Object out, const StepResult& step) {
  const Napi::Env env = out.Env();
  out.Set("loss", step.loss);
  const auto set_where = [&](const char* name, bool there, double value) {
    out.Set(name, there ? Napi::Value(Napi::Number::New(env, value)) : env.Null());
  };
  set_where("contrastiveAccuracy", step.contrasted, step.contrastive_accuracy);
  set_where("entropy", step.contrasted, step.entropy);
  set_where("probeLoss", step.probed, step.probe_loss);
  set_where("probeAccuracy", step.probed, step.probe_accuracy);
  out.Set("gradientNorm", step.gradient_norm);
  set_where("lossScale", step.loss_scale > 0, step.loss_scale);
  out.Set("skipped", step.skipped);
}

Napi::Value step_to_js(Napi::Env env, const StepResult& step) {
  Napi::Object out = Napi::Object::New(env);
  set_step_values(out, step);
  out.Set("augmentSeconds", step.augment_seconds);
  out.Set("stepSeconds", step.step_seconds);
  const auto set_words = [&](const char* name, const std::string& words) {
    out.Set(name, words.empty() ? env.Null() : Napi::Value(Napi::String::New(env, words)));
  };
  using ViewsOn = StepResult::ViewsOn;
  set_words("viewsOn", step.views_on == ViewsOn::kGiven ? ""
                       : step.views_on == ViewsOn::kCpu ? "cpu"
                                                        : "gpu");
  set_words("viewsProblem", step.views_problem);
  out.Set("replayed", step.replayed);
  set_words("graphProblem", step.graph_problem);
  out.Set("stopAsked", step.stop_asked);
  return out;
}

/// The tensor under its name, or null if it is undefined.
Napi::Value optional_to_js(Napi::Env env, const char* name, const at::Tensor& tensor) {
  return tensor.defined() ? to_js(env, NamedTensor{name, tensor}) : env.Null();
}

Napi::Value forward_to_js(Napi::Env env, const ForwardResult& result) {
  static constexpr const char* kGroupNames[] = {"stem", "group1", "group2", "group3", "group4"};
  Napi::Object out = Napi::Object::New(env);
  out.Set("features", optional_to_js(env, "features", result.features));
  out.Set("hidden", optional_to_js(env, "hidden", result.hidden));
  out.Set("projections", optional_to_js(env, "projections", result.projections));
  Napi::Array groups = Napi::Array::New(env, result.groups.size());
  for (uint32_t i = 0; i < result.groups.size(); ++i) {
    groups.Set(i, optional_to_js(env, kGroupNames[i], result.groups[i]));
  }
  out.Set("groups", groups);
  return out;
}

class LearnerObject : public Napi::ObjectWrap<LearnerObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "Learner",
        {InstanceAccessor<&LearnerObject::FeatureDim>("featureDim"),
         InstanceAccessor<&LearnerObject::ParameterCount>("parameterCount"),
         InstanceMethod<&LearnerObject::Step>("step"), InstanceMethod<&LearnerObject::StepViews>("stepViews"),
         InstanceMethod<&LearnerObject::Gradients>("gradients"),
         InstanceMethod<&LearnerObject::Forward>("forward"), InstanceMethod<&LearnerObject::Embed>("embed"),
         InstanceMethod<&LearnerObject::State>("state"), InstanceMethod<&LearnerObject::Load>("load"),
         InstanceMethod<&LearnerObject::ShareState>("shareState"),
         InstanceMethod<&LearnerObject::Dispose>("dispose")});
  }

  explicit LearnerObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    guarded(info.Env(), [&] {
      learner_ = std::make_unique<Learner>(to_learner_spec(info[0].As<Napi::Object>()));
      feature_dim_ = learner_->feature_dim();
      encoder_parameters_ = learner_->parameter_count("encoder.");
      head_parameters_ = learner_->parameter_count("head.");
      thread_ = std::make_unique<TaskThread>();
    });
  }

 private:
  Napi::Value FeatureDim(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(feature_dim_));
  }

  Napi::Value ParameterCount(const Napi::CallbackInfo& info) {
    Napi::Object out = Napi::Object::New(info.Env());
    out.Set("encoder", static_cast<double>(encoder_parameters_));
    out.Set("head", static_cast<double>(head_parameters_));
    return out;
  }

  /// Queues `work(learner)`; its result becomes the promise's value through `finish`.
  template <class Work, class Finish>
  Napi::Value task(const Napi::CallbackInfo& info, Work work, Finish finish) {
    return promise_task(
        info.Env(), *thread_, Value(), [this, work = std::move(work)]() mutable { return work(*learner_); },
        std::move(finish));
  }

  Napi::Value Step(const Napi::CallbackInfo& info) {
    const auto batch = BatchObject::From(info[0]);
    const double lr = info[1].As<Napi::Number>();
    return task(
        info, [batch, lr](Learner& learner) { return learner.step(*batch, lr); }, step_to_js);
  }

  Napi::Value StepViews(const Napi::CallbackInfo& info) {
    const at::Tensor views = to_tensor(info[0]).value, labels = to_labels(info[1]);
    const double lr = info[2].As<Napi::Number>();
    return task(
        info, [=](Learner& learner) { return learner.step_views(views, labels, lr); }, step_to_js);
  }

  Napi::Value Gradients(const Napi::CallbackInfo& info) {
    const at::Tensor views = to_tensor(info[0]).value, labels = to_labels(info[1]);
    using Result = std::pair<StepResult, std::vector<NamedTensor>>;
    return task(
        info,
        [=](Learner& learner) {
          Result result;
          result.first = learner.gradients(views, labels, result.second);
          return result;
        },
        [](Napi::Env env, const Result& result) -> Napi::Value {
          Napi::Object out = Napi::Object::New(env);
          set_step_values(out, result.first);
          out.Set("weightDecayLoss", result.first.weight_decay_loss);
          out.Set("gradients", to_js(env, result.second));
          return out;
        });
  }

  Napi::Value Forward(const Napi::CallbackInfo& info) {
    const at::Tensor images = to_tensor(info[0]).value;
    const auto options = info[1].As<Napi::Object>();
    const bool training = options.Get("training").ToBoolean(), groups = options.Get("groups").ToBoolean();
    return task(
        info, [=](Learner& learner) { return learner.forward(images, training, groups); }, forward_to_js);
  }

  Napi::Value Embed(const Napi::CallbackInfo& info) {
    return task(
        info,
        [store = ImageStoreObject::From(info[0]), augmenter = AugmenterObject::From(info[1]),
         indices = to_indices(info[2])](Learner& learner) {
          return learner.embed(*store, *augmenter, indices);
        },
        to_float_array);
  }

  Napi::Value State(const Napi::CallbackInfo& info) {
    return task(
        info, [](Learner& learner) { return learner.state(); },
        [](Napi::Env env, const std::vector<NamedTensor>& state) { return to_js(env, state); });
  }

  Napi::Value Load(const Napi::CallbackInfo& info) {
    return task(
        info,
        [tensors = to_tensors(info[0])](Learner& learner) {
          learner.load(tensors);
          return true;
        },
        [](Napi::Env env, bool) { return env.Undefined(); });
  }

  Napi::Value ShareState(const Napi::CallbackInfo& info) {
    return task(
        info,
        [](Learner& learner) {
          learner.share_state();
          return true;
        },
        [](Napi::Env env, bool) { return env.Undefined(); });
  }

  Napi::Value Dispose(const Napi::CallbackInfo& info) {
    // After what is queued; its memory need not wait for the collector.
    thread_->post([this] { WorkGate::instance().run([this] { learner_.reset(); }); });
    thread_->end();
    return info.Env().Undefined();
  }

  std::unique_ptr<Learner> learner_;
  int64_t feature_dim_ = 0, encoder_parameters_ = 0, head_parameters_ = 0;
  std::unique_ptr<TaskThread> thread_;  // last: joined before the learner goes
};

}  // namespace

void register_learner(Napi::Env env, Napi::Object exports) {
  exports.Set("Learner", LearnerObject::Define(env));
}

}  // namespace simclr::binding
