// What the addon keeps for each environment (the main thread and every worker have their own).
#pragma once

#include <napi.h>

#include <memory>

#include "core/task_thread.h"

namespace simclr::binding {

/// Held as the environment's instance data; gone before the environment is. Add members, not statics.
struct Instance {
  /// (code, message) => SimclrError; empty until `setErrorFactory` has been called.
  Napi::FunctionReference make_error;
  /// The class of batches, which JavaScript cannot construct itself.
  Napi::FunctionReference batch;
  /// The class of decoded images, likewise.
  Napi::FunctionReference decoded_image;
  /// Where kNN and linear probes on plain arrays run; made when first needed.
  std::unique_ptr<TaskThread> probes;
};

inline Instance& instance(Napi::Env env) { return *env.GetInstanceData<Instance>(); }

}  // namespace simclr::binding
