// Augmenter and Batch for JavaScript; other bindings take the core's objects out of them.
#pragma once

#include <napi.h>

#include <memory>

#include "core/augment/augmenter.h"
#include "core/data/batch.h"
#include "core/task_thread.h"

namespace simclr::binding {

class AugmenterObject : public Napi::ObjectWrap<AugmenterObject> {
 public:
  static void Register(Napi::Env env, Napi::Object exports);

  explicit AugmenterObject(const Napi::CallbackInfo& info);

  /// The core's augmenter inside `value`; throws ERR_SIMCLR_INVALID_ARGUMENT for anything else.
  static std::shared_ptr<const Augmenter> From(const Napi::Value& value);

 private:
  Napi::Value MakeBatch(const Napi::CallbackInfo& info);
  Napi::Value Parameters(const Napi::CallbackInfo& info);

  std::shared_ptr<const Augmenter> augmenter_;
  std::shared_ptr<TaskThread> thread_;  ///< makes pixels of this augmenter's batches; started by the first
};

class BatchObject : public Napi::ObjectWrap<BatchObject> {
 public:
  static void Register(Napi::Env env);

  explicit BatchObject(const Napi::CallbackInfo& info);

  /// The core's batch inside `value`; throws ERR_SIMCLR_INVALID_ARGUMENT for anything else.
  static std::shared_ptr<const Batch> From(const Napi::Value& value);

  /// A JavaScript batch around the core's.
  static Napi::Object Wrap(Napi::Env env, std::shared_ptr<const Batch> batch,
                           std::shared_ptr<TaskThread> thread);

 private:
  Napi::Value Count(const Napi::CallbackInfo& info);
  Napi::Value Views(const Napi::CallbackInfo& info);
  Napi::Value Pixels(const Napi::CallbackInfo& info);

  std::shared_ptr<const Batch> batch_;
  std::shared_ptr<TaskThread> thread_;
};

}  // namespace simclr::binding
