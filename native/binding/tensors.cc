#include "binding/tensors.h"

#include <array>
#include <cstring>

#include "binding/convert.h"
#include "binding/errors.h"

namespace simclr::binding {
namespace {

struct Type {
  const char* name;
  at::ScalarType type;
};
constexpr std::array<Type, 7> kTypes = {{{"F64", at::kDouble},
                                         {"F32", at::kFloat},
                                         {"BF16", at::kBFloat16},
                                         {"F16", at::kHalf},
                                         {"I64", at::kLong},
                                         {"I32", at::kInt},
                                         {"U8", at::kByte}}};

at::ScalarType to_type(const Napi::Object& object) {
  const std::string name = string(object, "dtype");
  for (const Type& type : kTypes) {
    if (name == type.name) return type.type;
  }
  fail(object.Env(), "F64, F32, BF16, F16, I64, I32 or U8", "dtype", object.Get("dtype"));
}

const char* type_name(at::ScalarType wanted) {
  for (const Type& type : kTypes) {
    if (wanted == type.type) return type.name;
  }
  return "?";
}

}  // namespace

NamedTensor to_tensor(const Napi::Value& value) {
  if (!value.IsObject()) fail(value.Env(), "{name, dtype, shape, data}", "tensor", value);
  const auto object = value.As<Napi::Object>();
  const std::vector<int64_t> shape = integers(object, "shape");
  const at::ScalarType type = to_type(object);
  const at::Tensor tensor = guarded(value.Env(), [&] { return at::empty(shape, type); });
  const Napi::Value data = object.Get("data");
  if (!data.IsTypedArray() || data.As<Napi::TypedArray>().ByteLength() != tensor.nbytes()) {
    fail(value.Env(), std::to_string(tensor.nbytes()) + " bytes in a typed array",
         "data of " + string(object, "name"),
         data.IsTypedArray()
             ? Napi::Number::New(value.Env(), static_cast<double>(data.As<Napi::TypedArray>().ByteLength()))
             : data);
  }
  const auto bytes = data.As<Napi::TypedArray>();
  std::memcpy(tensor.mutable_data_ptr(),
              static_cast<const char*>(bytes.ArrayBuffer().Data()) + bytes.ByteOffset(), tensor.nbytes());
  return {string(object, "name"), tensor};
}

std::vector<NamedTensor> to_tensors(const Napi::Value& value) {
  if (!value.IsArray()) fail(value.Env(), "an array of tensors", "tensors", value);
  const auto array = value.As<Napi::Array>();
  std::vector<NamedTensor> out;
  for (uint32_t i = 0; i < array.Length(); ++i) out.push_back(to_tensor(array.Get(i)));
  return out;
}

Napi::Value to_js(Napi::Env env, const NamedTensor& named) {
  const at::Tensor tensor = named.value.contiguous();
  Napi::Object out = Napi::Object::New(env);
  Napi::Array shape = Napi::Array::New(env, tensor.dim());
  for (int64_t i = 0; i < tensor.dim(); ++i)
    shape.Set(static_cast<uint32_t>(i), static_cast<double>(tensor.size(i)));
  Napi::Uint8Array data = Napi::Uint8Array::New(env, tensor.nbytes());
  if (tensor.nbytes() > 0) std::memcpy(data.Data(), tensor.const_data_ptr(), tensor.nbytes());
  out.Set("name", named.name);
  out.Set("dtype", type_name(tensor.scalar_type()));
  out.Set("shape", shape);
  out.Set("data", data);
  return out;
}

Napi::Value to_js(Napi::Env env, const std::vector<NamedTensor>& tensors) {
  Napi::Array out = Napi::Array::New(env, tensors.size());
  for (uint32_t i = 0; i < tensors.size(); ++i) out.Set(i, to_js(env, tensors[i]));
  return out;
}

at::Tensor to_labels(const Napi::Value& value) {
  if (value.IsNull() || value.IsUndefined()) return {};
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) {
    fail(value.Env(), "an Int32Array or null", "labels", value);
  }
  const auto array = value.As<Napi::Int32Array>();
  const auto count = static_cast<int64_t>(array.ElementLength());
  const at::Tensor out = guarded(value.Env(), [&] { return at::empty({count}, at::kLong); });
  std::copy(array.Data(), array.Data() + array.ElementLength(), out.mutable_data_ptr<int64_t>());
  return out;
}

std::vector<uint32_t> to_indices(const Napi::Value& value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array) {
    fail(value.Env(), "a Uint32Array", "indices", value);
  }
  const auto array = value.As<Napi::Uint32Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

Napi::Value to_float_array(Napi::Env env, const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kFloat).contiguous();
  Napi::Float32Array out = Napi::Float32Array::New(env, values.numel());
  if (values.numel() > 0) std::memcpy(out.Data(), values.const_data_ptr(), values.nbytes());
  return out;
}

at::ScalarType input_type(const Napi::Object& options, at::ScalarType otherwise) {
  if (!has(options, "input")) return otherwise;
  const std::string name = string(options, "input");
  if (name == "bf16") return at::kBFloat16;
  if (name == "fp16") return at::kHalf;
  fail(options.Env(), "'bf16' or 'fp16'", "input", options.Get("input"));
}

}  // namespace simclr::binding
