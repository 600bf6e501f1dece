#include "core/learn/memory.h"

#include <new>

#include "core/error.h"

namespace simclr {

bool ran_out_of_memory(const c10::Error& error) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         std::string(error.what_without_backtrace()).find("DefaultCPUAllocator") != std::string::npos;
}

void rethrow_with_memory(const std::string& during, const std::string& advice) {
  std::string words;
  try {
    throw;
  } catch (const c10::Error& error) {
    if (!ran_out_of_memory(error)) throw;
    words = error.what_without_backtrace();
  } catch (const std::bad_alloc&) {
    words = "std::bad_alloc";
  }
  throw Error("ERR_SIMCLR_OUT_OF_MEMORY",
              "Memory ran out during " + during + ". " + advice + " (" + first_line(words) + ")");
}

}  // namespace simclr
