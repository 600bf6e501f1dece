// loader.node: opens LibTorch by absolute path, before the addon that needs it is required.
// It links nothing of LibTorch, so it loads on any machine and can say what is wrong.
#include <dlfcn.h>
#include <napi.h>

#include <cstdint>
#include <string>

namespace {

/// open(path): dlopen(path, RTLD_NOW | RTLD_LOCAL). glibc then matches the addon's SONAMEs with what is open.
/// Returns aoti_torch_abi_version() of the opened library as "major.minor", or null if it exports none.
Napi::Value Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string path = info[0].As<Napi::String>();
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw Napi::Error::New(env, dlerror());
  // libtorch.so is an empty shell; the symbol is in libtorch_cpu.so, which dlsym finds among its
  // dependencies.
  using AbiVersion = uint64_t (*)();
  const auto abi_version = reinterpret_cast<AbiVersion>(dlsym(handle, "aoti_torch_abi_version"));
  if (abi_version == nullptr) return env.Null();
  const uint64_t version = abi_version();  // 0xMMmm'pp.. in the top bytes: 2.13 is 0x020D'0000'0000'0000
  return Napi::String::New(env, std::to_string(version >> 56) + "." + std::to_string((version >> 48) & 0xff));
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("open", Napi::Function::New(env, Open, "open"));
  return exports;
}

}  // namespace

NODE_API_MODULE(loader, Init)
