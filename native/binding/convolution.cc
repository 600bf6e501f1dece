// convolution(): one convolution and its gradients by a named algorithm, so that tests can hold the fast ones
// against LibTorch's own; tileKernelGradient(): the kernel's gradient from tiles.
#include "core/nn/convolution.h"

#include <map>
#include <string>

#include "binding/convert.h"
#include "binding/errors.h"
#include "binding/registry.h"
#include "binding/tensors.h"
#include "core/nn/convolution_tiles.h"

namespace simclr::binding {
namespace {

ConvAlgorithm to_algorithm(const Napi::Object& options) {
  static const std::map<std::string, ConvAlgorithm> names = {{"native", ConvAlgorithm::native},
                                                             {"dense", ConvAlgorithm::dense},
                                                             {"unfold", ConvAlgorithm::unfold},
                                                             {"wide", ConvAlgorithm::wide}};
  const auto found = names.find(string(options, "algorithm"));
  if (found == names.end())
    fail(options.Env(), "native, dense, unfold or wide", "algorithm", options.Get("algorithm"));
  return found->second;
}

at::Tensor nhwc_to_nchw(const Napi::Value& value) {
  return to_tensor(value).value.permute({0, 3, 1, 2}).contiguous(at::MemoryFormat::ChannelsLast);
}

Napi::Value Convolution(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const auto options = info[3].As<Napi::Object>();
    const at::Tensor given = nhwc_to_nchw(info[0]);
    const auto type = input_type(options, given.scalar_type());
    const at::Tensor x = given.to(type).requires_grad_(true);
    const at::Tensor kernel =
        to_tensor(info[1]).value.contiguous(at::MemoryFormat::ChannelsLast).to(type).requires_grad_(true);
    const at::Tensor y = convolution(x, kernel, integer(options, "stride", 1, INT32_MAX),
                                     integer(options, "padding", 0, INT32_MAX), to_algorithm(options));
    y.backward(nhwc_to_nchw(info[2]).to(type));
    Napi::Object out = Napi::Object::New(env);
    const auto set = [&](const char* name, const at::Tensor& value) {
      out.Set(name, to_js(env, NamedTensor{name, value.to(given.scalar_type())}));
    };
    set("y", y.detach().permute({0, 2, 3, 1}));
    set("dx", x.grad().permute({0, 2, 3, 1}));
    set("dkernel", kernel.grad());
    return out;
  });
}

Napi::Value TileKernelGradient(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const auto options = info[2].As<Napi::Object>();
    const TileKernels* tiles = boolean(options, "fast") ? fast_tiles() : &plain_tiles();
    if (tiles == nullptr) return env.Null();
    const at::Tensor dy = nhwc_to_nchw(info[0]).to(at::kBFloat16),
                     x = nhwc_to_nchw(info[1]).to(at::kBFloat16);
    const int64_t size = integer(options, "size", 1, INT32_MAX);
    const at::Tensor kernel = at::empty({dy.size(1), x.size(1), size, size}, x.options());
    const ConvGeometry g = conv_geometry(x, kernel, integer(options, "stride", 1, INT32_MAX),
                                         integer(options, "padding", 0, INT32_MAX));
    return to_js(env, NamedTensor{"dkernel", tile_kernel_gradient(dy, x, g, *tiles)});
  });
}

}  // namespace

void register_convolution(Napi::Env env, Napi::Object exports) {
  exports.Set("convolution", Napi::Function::New(env, Convolution, "convolution"));
  exports.Set("tileKernelGradient", Napi::Function::New(env, TileKernelGradient, "tileKernelGradient"));
}

}  // namespace simclr::binding
