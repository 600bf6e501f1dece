#include "binding/errors.h"

#include <new>

#include "binding/instance.h"
#include "binding/registry.h"
#include "core/error.h"
#include "core/learn/memory.h"

namespace simclr::binding {
namespace {

constexpr char kNoMemory[] = "Out of memory. Lower batchSize or imageSize, or free memory.";

}  // namespace

Failure describe(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    return {e.code(), e.what()};
  } catch (const c10::Error& e) {
    const std::string said = first_line(e.what_without_backtrace());
    if (ran_out_of_memory(e)) return {"ERR_SIMCLR_OUT_OF_MEMORY", std::string(kNoMemory) + " (" + said + ")"};
    return {"ERR_SIMCLR_NATIVE", said};
  } catch (const std::bad_alloc&) {
    return {"ERR_SIMCLR_OUT_OF_MEMORY", kNoMemory};
  } catch (const std::exception& e) {
    return {"ERR_SIMCLR_NATIVE", e.what()};
  } catch (...) {
    return {"ERR_SIMCLR_NATIVE", "unknown native error"};
  }
}

Napi::Error to_js(Napi::Env env, const Failure& failure) {
  const Napi::String code = Napi::String::New(env, failure.code);
  const Napi::FunctionReference& make = instance(env).make_error;
  if (!make.IsEmpty()) {
    return Napi::Error(env, make.Call({code, Napi::String::New(env, failure.message)}));
  }
  Napi::Error error = Napi::Error::New(env, failure.message);
  error.Set("code", code);
  return error;
}

void register_errors(Napi::Env env, Napi::Object exports) {
  const auto set_error_factory = [](const Napi::CallbackInfo& info) {
    instance(info.Env()).make_error = Napi::Persistent(info[0].As<Napi::Function>());
  };
  exports.Set("setErrorFactory", Napi::Function::New(env, set_error_factory, "setErrorFactory"));
}

}  // namespace simclr::binding
