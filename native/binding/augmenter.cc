#include "binding/augmenter.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/image_store.h"
#include "binding/instance.h"
#include "binding/plan.h"
#include "binding/promise_task.h"
#include "binding/registry.h"
#include "core/learn/device_pixels.h"

namespace simclr::binding {
namespace {

/// Mark our objects, so that another wrapped object is never taken for one.
constexpr napi_type_tag kAugmenterTag = {0x4c5a0e7f93b14d28, 0x8a6be3d1f2705c94};
constexpr napi_type_tag kBatchTag = {0x7be2914d60c84fa3, 0xa3f5d80b1c6e2947};

Napi::Object options_of(const Napi::CallbackInfo& info, size_t argument) {
  if (!info[argument].IsObject()) fail(info.Env(), "an object", "options", info[argument]);
  return info[argument].As<Napi::Object>();
}

template <class T>
std::vector<T> elements(const Napi::Object& options, const char* key, napi_typedarray_type type,
                        const std::string& name) {
  const Napi::Value value = options.Get(key);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    fail(options.Env(), name, key, value);
  }
  const auto array = value.As<Napi::TypedArrayOf<T>>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

Napi::Float32Array output(const Napi::Object& options, size_t length) {
  const Napi::Value out = options.Get("out");
  if (!out.IsTypedArray() || out.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array ||
      out.As<Napi::TypedArray>().ElementLength() != length) {
    fail(options.Env(), "a Float32Array of " + std::to_string(length) + " elements", "out", out);
  }
  return out.As<Napi::Float32Array>();
}

}  // namespace

void AugmenterObject::Register(Napi::Env env, Napi::Object exports) {
  exports.Set("Augmenter", DefineClass(env, "Augmenter",
                                       {
                                           InstanceMethod<&AugmenterObject::MakeBatch>("batch"),
                                           InstanceMethod<&AugmenterObject::Parameters>("parameters"),
                                       }));
}

AugmenterObject::AugmenterObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<AugmenterObject>(info) {
  if (!info[0].IsObject()) fail(info.Env(), "an augmentation plan", "plan", info[0]);
  const Plan plan = to_plan(info[0].As<Napi::Object>());
  augmenter_ = guarded(info.Env(), [&] { return std::make_shared<const Augmenter>(plan); });
  info.This().As<Napi::Object>().TypeTag(&kAugmenterTag);
}

std::shared_ptr<const Augmenter> AugmenterObject::From(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kAugmenterTag)) {
    fail(value.Env(), "an Augmenter", "augmenter", value);
  }
  return Napi::ObjectWrap<AugmenterObject>::Unwrap(value.As<Napi::Object>())->augmenter_;
}

Napi::Value AugmenterObject::MakeBatch(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto batch = std::make_shared<Batch>();
  batch->store = ImageStoreObject::From(info[0]);
  batch->augmenter = augmenter_;
  const Napi::Object options = options_of(info, 1);
  batch->indices = elements<uint32_t>(options, "indices", napi_uint32_array, "a Uint32Array");
  batch->epochs = elements<uint32_t>(options, "epochs", napi_uint32_array, "a Uint32Array");
  batch->seed = integer<uint64_t>(options, "seed");
  batch->views = integer<int>(options, "views", 1, 1024);
  if (has(options, "labels")) {
    const auto labels = elements<int32_t>(options, "labels", napi_int32_array, "an Int32Array or null");
    batch->labels.assign(labels.begin(), labels.end());
  }
  const size_t count = batch->count();
  const std::string length = "one entry for each of the " + std::to_string(count) + " `indices`";
  if (count == 0) fail(env, "at least one index", "indices", options.Get("indices"));
  if (batch->epochs.size() != count) fail(env, length, "epochs", options.Get("epochs"));
  if (!batch->labels.empty() && batch->labels.size() != count) {
    fail(env, length, "labels", options.Get("labels"));
  }
  if (!thread_) thread_ = start_thread(env);
  return BatchObject::Wrap(env, std::move(batch), thread_);
}

Napi::Value AugmenterObject::Parameters(const Napi::CallbackInfo& info) {
  const Napi::Object options = options_of(info, 0);
  const ViewKey key{integer<uint64_t>(options, "seed"), integer<uint32_t>(options, "epoch"),
                    integer<uint32_t>(options, "index"), integer<uint32_t>(options, "view")};
  const Plan& plan = augmenter_->plan();
  constexpr int kMaxSide = 1 << 20;
  return to_js(info.Env(), plan,
               draw_parameters(plan, key, integer<int>(options, "width", 1, kMaxSide),
                               integer<int>(options, "height", 1, kMaxSide)));
}

void BatchObject::Register(Napi::Env env) {
  const Napi::Function constructor = DefineClass(env, "Batch",
                                                 {
                                                     InstanceAccessor<&BatchObject::Count>("count"),
                                                     InstanceAccessor<&BatchObject::Views>("views"),
                                                     InstanceMethod<&BatchObject::Pixels>("pixels"),
                                                 });
  instance(env).batch = Napi::Persistent(constructor);
}

BatchObject::BatchObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<BatchObject>(info) {
  info.This().As<Napi::Object>().TypeTag(&kBatchTag);
}

Napi::Object BatchObject::Wrap(Napi::Env env, std::shared_ptr<const Batch> batch,
                               std::shared_ptr<TaskThread> thread) {
  const Napi::Object object = instance(env).batch.New({});
  BatchObject* self = Napi::ObjectWrap<BatchObject>::Unwrap(object);
  self->batch_ = std::move(batch);
  self->thread_ = std::move(thread);
  return object;
}

std::shared_ptr<const Batch> BatchObject::From(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kBatchTag)) {
    fail(value.Env(), "a batch made by an Augmenter", "batch", value);
  }
  const BatchObject* self = Napi::ObjectWrap<BatchObject>::Unwrap(value.As<Napi::Object>());
  if (self->batch_ == nullptr) fail(value.Env(), "a batch made by an Augmenter", "batch", value);
  return self->batch_;
}

Napi::Value BatchObject::Count(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(From(info.This())->count()));
}

Napi::Value BatchObject::Views(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), From(info.This())->views);
}

Napi::Value BatchObject::Pixels(const Napi::CallbackInfo& info) {
  const auto batch = From(info.This());
  const Napi::Object options = options_of(info, 0);
  const int threads = integer<int>(options, "threads", 1, 1024);
  const ViewPath* path = guarded(info.Env(), [&] {
    return has(options, "path") ? &view_path(string(options, "path")) : &view_paths().front();
  });
  const size_t side = static_cast<size_t>(batch->augmenter->plan().size);
  const size_t values = batch->count() * static_cast<size_t>(batch->views) * side * side * 3;
  // The array is made here and written there: views are not copied.
  Napi::Float32Array pixels =
      has(options, "out") ? output(options, values) : Napi::Float32Array::New(info.Env(), values);
  const auto device = has(options, "device") ? std::optional(string(options, "device")) : std::nullopt;
  const auto work = [batch, threads, path, device, out = pixels.Data()] {
    if (device) {
      write_device_views(*batch, *device, out);
    } else {
      batch->write_views(out, threads, *path);
    }
    return true;
  };
  auto finish = [pixels = Napi::Persistent(pixels.As<Napi::Object>())](Napi::Env, bool) -> Napi::Value {
    return pixels.Value();
  };
  return promise_task(info.Env(), *thread_, info.This().As<Napi::Object>(), work, std::move(finish));
}

void register_augmenter(Napi::Env env, Napi::Object exports) {
  AugmenterObject::Register(env, exports);
  BatchObject::Register(env);
}

}  // namespace simclr::binding
