// What people are told when memory runs out.
#pragma once

#include <c10/util/Exception.h>

#include <string>

namespace simclr {

/// Whether what LibTorch throws says that memory ran out: of a GPU it is an error of its own, of the CPU any.
bool ran_out_of_memory(const c10::Error& error);

/// To be called in a catch block: rethrows what was caught, or, where memory ran out on the CPU or on a GPU,
/// ERR_SIMCLR_OUT_OF_MEMORY with `during` ("a step of 512 images in fp32") and `advice`.
[[noreturn]] void rethrow_with_memory(const std::string& during, const std::string& advice);

}  // namespace simclr
