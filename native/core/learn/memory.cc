#include "core/learn/memory.h"

#include <c10/util/Exception.h>

#include <new>

#include "core/error.h"

namespace simclr {

void rethrow_with_memory(const std::string& during, const std::string& advice) {
  std::string words;
  try {
    throw;
  } catch (const c10::OutOfMemoryError& error) {
    words = error.what_without_backtrace();
  } catch (const c10::Error& error) {
    words = error.what_without_backtrace();
    if (words.find("DefaultCPUAllocator") == std::string::npos) throw;
  } catch (const std::bad_alloc&) {
    words = "std::bad_alloc";
  }
  // The first line alone: what follows are the allocator's own figures.
  throw Error("ERR_SIMCLR_OUT_OF_MEMORY", "Memory ran out during " + during + ". " + advice + " (" +
                                              words.substr(0, words.find('\n')) + ")");
}

}  // namespace simclr
