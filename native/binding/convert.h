// JavaScript values to C++ values, with messages that name the property. lib/config has checked what options
// mean; here nothing gets by that the C++ type cannot hold.
#pragma once

#include <napi.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace simclr::binding {

/// Throws ERR_SIMCLR_INVALID_ARGUMENT: "Expected <what> for `name` but received <value in a few words>".
[[noreturn]] void fail(Napi::Env env, const std::string& what, const std::string& name,
                       const Napi::Value& value);

bool has(const Napi::Object& object, const char* key);       ///< present, neither undefined nor null
double number(const Napi::Object& object, const char* key);  ///< finite

/// The largest integer up to which JavaScript's numbers have them all.
constexpr int64_t kLargestInteger = (int64_t{1} << 53) - 1;

/// An integer from `least` to `most`.
int64_t integer(const Napi::Value& value, const std::string& name, int64_t least, int64_t most);

template <class T = int64_t>
constexpr int64_t kMost = std::cmp_less(std::numeric_limits<T>::max(), kLargestInteger)
                              ? static_cast<int64_t>(std::numeric_limits<T>::max())
                              : kLargestInteger;

template <class T = int64_t>
T integer(const Napi::Object& object, const char* key, int64_t least = 0, int64_t most = kMost<T>) {
  return static_cast<T>(integer(object.Get(key), key, least, most));
}

bool boolean(const Napi::Object& object, const char* key);
std::string string(const Napi::Object& object, const char* key);
Napi::Object object(const Napi::Object& object, const char* key);
std::vector<double> numbers(const Napi::Object& object, const char* key);    ///< finite
std::vector<int64_t> integers(const Napi::Object& object, const char* key);  ///< of at least 0

}  // namespace simclr::binding
