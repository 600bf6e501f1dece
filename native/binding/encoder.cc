// Encoder for JavaScript: a trained encoder on a thread of its own.
#include <memory>
#include <optional>
#include <utility>

#include "binding/augmenter.h"
#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/image_store.h"
#include "binding/promise_task.h"
#include "binding/registry.h"
#include "binding/specs.h"
#include "binding/tensors.h"
#include "core/learn/inference_encoder.h"
#include "core/work_gate.h"

namespace simclr::binding {
namespace {

class EncoderObject : public Napi::ObjectWrap<EncoderObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "Encoder",
        {InstanceAccessor<&EncoderObject::FeatureDim>("featureDim"),
         InstanceMethod<&EncoderObject::Embed>("embed"), InstanceMethod<&EncoderObject::Dispose>("dispose")});
  }

  explicit EncoderObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    guarded(info.Env(), [&] {
      const auto spec = info[0].As<Napi::Object>();
      std::optional<HeadSpec> head;
      if (has(spec, "head")) head = to_head_spec(object(spec, "head"));
      encoder_ = std::make_unique<InferenceEncoder>(
          to_encoder_spec(spec), head, to_precision(spec, "precision"), string(spec, "device"),
          integer<int>(spec, "shards", 1, kMaxShards), to_tensors(info[1]));
      feature_dim_ = encoder_->feature_dim();
      thread_ = std::make_unique<TaskThread>();
    });
  }

 private:
  Napi::Value FeatureDim(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(feature_dim_));
  }

  Napi::Value Embed(const Napi::CallbackInfo& info) {
    return promise_task(
        info.Env(), *thread_, Value(),
        [this, store = ImageStoreObject::From(info[0]), augmenter = AugmenterObject::From(info[1]),
         indices = to_indices(info[2])] { return encoder_->embed(*store, *augmenter, indices); },
        to_float_array);
  }

  Napi::Value Dispose(const Napi::CallbackInfo& info) {
    thread_->post([this] { WorkGate::instance().run([this] { encoder_.reset(); }); });
    thread_->end();
    return info.Env().Undefined();
  }

  std::unique_ptr<InferenceEncoder> encoder_;
  int64_t feature_dim_ = 0;
  std::unique_ptr<TaskThread> thread_;  // last: joined before the encoder goes
};

}  // namespace

void register_encoder(Napi::Env env, Napi::Object exports) {
  exports.Set("Encoder", EncoderObject::Define(env));
}

}  // namespace simclr::binding
