// getDevices(): where a learner or encoder may compute; gpuProblem(): why not on a GPU; kernelCalls(): what
// our kernels have computed there.
#include "core/devices.h"

#include "binding/registry.h"
#include "core/kernel_calls.h"

namespace simclr::binding {
namespace {

Napi::Value GetDevices(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::vector<DeviceInfo> devices = list_devices().devices;
  Napi::Array out = Napi::Array::New(env, devices.size());
  for (uint32_t i = 0; i < devices.size(); ++i) {
    Napi::Object device = Napi::Object::New(env);
    device.Set("name", devices[i].name);
    device.Set("type", devices[i].is_cuda ? "cuda" : "cpu");
    device.Set("description", devices[i].description);
    device.Set("memory", static_cast<double>(devices[i].memory));
    out.Set(i, device);
  }
  return out;
}

Napi::Value GpuProblem(const Napi::CallbackInfo& info) {
  const std::string problem = list_devices().problem;
  return problem.empty() ? info.Env().Null() : Napi::Value(Napi::String::New(info.Env(), problem));
}

Napi::Value KernelCalls(const Napi::CallbackInfo& info) {
  static constexpr const char* kNames[kKernelKinds] = {"views", "batchNorm", "contrast", "optimizer"};
  Napi::Object out = Napi::Object::New(info.Env());
  const auto calls = kernel_calls();
  for (int i = 0; i < kKernelKinds; ++i) out.Set(kNames[i], static_cast<double>(calls[i]));
  return out;
}

}  // namespace

void register_devices(Napi::Env env, Napi::Object exports) {
  exports.Set("getDevices", Napi::Function::New(env, GetDevices, "getDevices"));
  exports.Set("gpuProblem", Napi::Function::New(env, GpuProblem, "gpuProblem"));
  exports.Set("kernelCalls", Napi::Function::New(env, KernelCalls, "kernelCalls"));
}

}  // namespace simclr::binding
