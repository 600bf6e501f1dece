// ImageStore for JavaScript; other bindings take the core's store out of it.
#pragma once

#include <napi.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/data/image_store.h"
#include "core/task_thread.h"

namespace simclr::binding {

class ImageStoreObject : public Napi::ObjectWrap<ImageStoreObject> {
 public:
  static void Register(Napi::Env env, Napi::Object exports);

  explicit ImageStoreObject(const Napi::CallbackInfo& info);
  ~ImageStoreObject() override;

  /// The core's store inside `value`. Throws ERR_SIMCLR_INVALID_ARGUMENT for anything that is no ImageStore
  /// and ERR_SIMCLR_DISPOSED for one that has been disposed.
  static std::shared_ptr<ImageStore> From(const Napi::Value& value);

 private:
  Napi::Value Count(const Napi::CallbackInfo& info);
  Napi::Value Bytes(const Napi::CallbackInfo& info);
  Napi::Value Set(const Napi::CallbackInfo& info);
  Napi::Value Get(const Napi::CallbackInfo& info);
  Napi::Value Has(const Napi::CallbackInfo& info);
  Napi::Value Delete(const Napi::CallbackInfo& info);
  Napi::Value Map(const Napi::CallbackInfo& info);
  Napi::Value FillScenes(const Napi::CallbackInfo& info);
  Napi::Value Dispose(const Napi::CallbackInfo& info);

  /// The store, or ERR_SIMCLR_DISPOSED.
  ImageStore& store(Napi::Env env) const;
  /// The first argument as a slot that is not being filled, or ERR_SIMCLR_INVALID_ARGUMENT, ERR_SIMCLR_BUSY.
  size_t slot(const Napi::CallbackInfo& info) const;
  /// Tells V8 how much memory hangs on this object now.
  void report_memory(Napi::Env env);

  std::shared_ptr<ImageStore> store_;
  int64_t reported_bytes_ = 0;

  std::atomic<bool> stop_ = false;  ///< ends the drawing of scenes
  // The slots that scenes are being drawn into: the JavaScript thread must not touch them meanwhile.
  size_t filling_first_ = 0;
  std::atomic<size_t> filling_count_ = 0;
  /// Draws scenes; started by the first fillScenes, ended before the rest.
  std::unique_ptr<TaskThread> thread_;
};

}  // namespace simclr::binding
