// JavaScript values to C++ values, with messages that name the property. Types only: lib/config has checked
// the ranges.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

namespace simclr::binding {

/// Throws ERR_SIMCLR_INVALID_ARGUMENT: "Expected <what> for `name` but received <value>".
[[noreturn]] void fail(Napi::Env env, const std::string& what, const std::string& name,
                       const Napi::Value& value);

bool has(const Napi::Object& object, const char* key);  ///< present, neither undefined nor null
double number(const Napi::Object& object, const char* key);
int64_t integer(const Napi::Object& object, const char* key);
bool boolean(const Napi::Object& object, const char* key);
std::string string(const Napi::Object& object, const char* key);
Napi::Object object(const Napi::Object& object, const char* key);
std::vector<double> numbers(const Napi::Object& object, const char* key);
std::vector<int64_t> integers(const Napi::Object& object, const char* key);

}  // namespace simclr::binding
