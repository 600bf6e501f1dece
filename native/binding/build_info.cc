// buildInfo(): what this binary was built from and what it runs on.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>
#ifdef SIMCLR_CUDA
#include <cuda_runtime_api.h>
#endif

#include <string>

#include "binding/registry.h"
#include "core/image/jpeg.h"

namespace simclr::binding {
namespace {

Napi::Value BuildInfo(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Object out = Napi::Object::New(env);
  out.Set("torch", TORCH_VERSION);
  out.Set("compiler", __VERSION__);
  out.Set("cpuCapability", at::get_cpu_capability());
  const char* jpeg = jpeg_library();
  out.Set("jpeg", jpeg == nullptr ? env.Null() : Napi::Value(Napi::String::New(env, jpeg)));
#ifdef SIMCLR_CUDA
  const std::string minor = std::to_string(CUDART_VERSION % 1000 / 10);
  out.Set("cuda", std::to_string(CUDART_VERSION / 1000) + "." + minor);
#else
  out.Set("cuda", env.Null());
#endif
  return out;
}

}  // namespace

void register_build_info(Napi::Env env, Napi::Object exports) {
  exports.Set("buildInfo", Napi::Function::New(env, BuildInfo, "buildInfo"));
}

}  // namespace simclr::binding
