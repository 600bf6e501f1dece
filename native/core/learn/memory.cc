#include "core/learn/memory.h"

#include <new>

#include "core/error.h"
#include "core/learn/memory_words.h"

namespace simclr {

bool ran_out_of_memory(const c10::Error& error) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         says_no_memory(error.what_without_backtrace());
}

void rethrow_with_memory(const std::string& during, const std::string& advice) {
  std::string words;
  try {
    throw;
  } catch (const c10::Error& error) {
    if (!ran_out_of_memory(error)) throw;
    words = error.what_without_backtrace();
  } catch (const std::bad_alloc& error) {  // of our own kernels' calls, too (cuda/check.h)
    words = error.what();
  }
  throw Error("ERR_SIMCLR_OUT_OF_MEMORY",
              "Memory ran out during " + during + ". " + advice + " (" + first_line(words) + ")");
}

}  // namespace simclr
