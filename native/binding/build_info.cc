// buildInfo(): what this binary was built from and what it runs on.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include "binding/registry.h"

namespace simclr::binding {
namespace {

Napi::Value BuildInfo(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Object out = Napi::Object::New(env);
  out.Set("torch", TORCH_VERSION);
  out.Set("compiler", __VERSION__);
  out.Set("cpuCapability", at::get_cpu_capability());
  out.Set("cuda", env.Null());
  return out;
}

}  // namespace

void register_build_info(Napi::Env env, Napi::Object exports) {
  exports.Set("buildInfo", Napi::Function::New(env, BuildInfo, "buildInfo"));
}

}  // namespace simclr::binding
