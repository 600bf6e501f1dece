// C++ exceptions to JavaScript errors: {code, message}, in one place.
#pragma once

#include <napi.h>

#include <exception>
#include <string>

namespace simclr::binding {

struct Failure {
  std::string code;
  std::string message;
};

/// Call inside a catch block or with a captured exception. Never throws.
Failure describe(const std::exception_ptr& error) noexcept;

/// The JavaScript error for a failure: a SimclrError, made by the function that `setErrorFactory` was given.
Napi::Error to_js(Napi::Env env, const Failure& failure);

/// Runs `work` on the calling (JavaScript) thread and rethrows what it throws as a JavaScript error.
template <class Work>
auto guarded(Napi::Env env, Work work) {
  try {
    return work();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw to_js(env, describe(std::current_exception()));
  }
}

}  // namespace simclr::binding
