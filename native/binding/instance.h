// What the addon keeps for each environment (the main thread and every worker have their own).
#pragma once

#include <napi.h>

#include <memory>

#include "binding/env_door.h"
#include "core/task_thread.h"

namespace simclr::binding {

/// Held as the environment's instance data; gone before the environment is. Add members, not statics.
struct Instance {
  explicit Instance(Napi::Env env) : door(EnvDoor::open(env)) {}

  /// What threads that outlive the environment must go through.
  const std::shared_ptr<EnvDoor> door;
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
