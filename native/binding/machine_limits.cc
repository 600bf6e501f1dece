// The processor: machineLimits(), what it reaches at best, measured on a thread of its own, bf16Speed() and
// ownThreads().
#include <ATen/Parallel.h>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/promise_task.h"
#include "binding/registry.h"
#include "core/machine/limits.h"

namespace simclr::binding {
namespace {

Napi::Value MachineLimitsOf(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto threads = static_cast<int>(integer(info[0], "threads", 1, 1024));
  const std::shared_ptr<TaskThread> thread = start_thread(env);
  const Napi::Promise promise = promise_task(
      env, *thread, Napi::Object::New(env), [threads] { return measure_limits(threads); },
      // The thread lives until its only task has been told.
      [thread](Napi::Env env, const MachineLimits& limits) -> Napi::Value {
        Napi::Object out = Napi::Object::New(env);
        out.Set("gemmFp32", limits.gemm_fp32);
        out.Set("gemmBf16", limits.gemm_bf16);
        out.Set("copy", limits.copy);
        return out;
      });
  return promise;
}

Napi::Value Bf16Speed(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), bf16_speed()); }

Napi::Value OwnThreadsOf(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), at::get_num_threads());
}

}  // namespace

void register_machine_limits(Napi::Env env, Napi::Object exports) {
  exports.Set("machineLimits", Napi::Function::New(env, MachineLimitsOf, "machineLimits"));
  exports.Set("bf16Speed", Napi::Function::New(env, Bf16Speed, "bf16Speed"));
  exports.Set("ownThreads", Napi::Function::New(env, OwnThreadsOf, "ownThreads"));
}

}  // namespace simclr::binding
