// What people are told when memory runs out.
#pragma once

#include <string>

namespace simclr {

/// To be called in a catch block: rethrows what was caught, or, where memory ran out on the CPU or on a GPU,
/// ERR_SIMCLR_OUT_OF_MEMORY with `during` ("a step of 512 images in fp32") and `advice`.
[[noreturn]] void rethrow_with_memory(const std::string& during, const std::string& advice);

}  // namespace simclr
