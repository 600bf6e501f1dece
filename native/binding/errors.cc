#include "binding/errors.h"

#include <c10/util/Exception.h>

#include <new>

#include "core/error.h"

namespace simclr::binding {

Failure describe(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    return {e.code(), e.what()};
  } catch (const c10::OutOfMemoryError& e) {
    return {"ERR_SIMCLR_OUT_OF_MEMORY", e.what_without_backtrace()};
  } catch (const c10::Error& e) {
    // The first line only: the rest lists every backend there is.
    const std::string message = e.what_without_backtrace();
    return {"ERR_SIMCLR_NATIVE", message.substr(0, message.find('\n'))};
  } catch (const std::bad_alloc&) {
    return {"ERR_SIMCLR_OUT_OF_MEMORY", "Out of memory. Lower batchSize or imageSize, or free memory."};
  } catch (const std::exception& e) {
    return {"ERR_SIMCLR_NATIVE", e.what()};
  } catch (...) {
    return {"ERR_SIMCLR_NATIVE", "unknown native error"};
  }
}

Napi::Error to_js(Napi::Env env, const Failure& failure) {
  Napi::Error error = Napi::Error::New(env, failure.message);
  error.Set("code", Napi::String::New(env, failure.code));
  return error;
}

}  // namespace simclr::binding
