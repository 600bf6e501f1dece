#include "core/data/bus_errors.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <mutex>

namespace simclr {

/// One guard's memory. A handler may look at any time, on any thread: ranges are used again, never freed.
struct GuardedRange {
  std::atomic<uintptr_t> begin{0};
  std::atomic<uintptr_t> end{0};  ///< 0: nobody's
  std::atomic<bool> tripped{false};
  GuardedRange* next = nullptr;  ///< fixed once it is in the list
};

namespace {

std::atomic<GuardedRange*> ranges{nullptr};
std::mutex ranges_mutex;  // of those who add to the list or take from it, not of the handler
struct sigaction before {};
uintptr_t page_bytes = 0;

/// The range that holds `address`, whose guard stands as long as the thread that reads there.
GuardedRange* range_of(uintptr_t address) {
  for (GuardedRange* range = ranges.load(std::memory_order_acquire); range != nullptr; range = range->next) {
    // Another guard's range may be given back and taken anew meanwhile: its end is 0 in between.
    const uintptr_t end = range->end.load(std::memory_order_acquire);
    const uintptr_t begin = range->begin.load(std::memory_order_acquire);
    if (end == range->end.load(std::memory_order_acquire) && begin <= address && address < end) return range;
  }
  return nullptr;
}

/// To whoever was asked before us. Default is the end: by returning to what failed, or by the signal anew.
void pass_on(int signal, siginfo_t* info, void* context, bool was_sent) {
  if ((before.sa_flags & SA_SIGINFO) != 0) return before.sa_sigaction(signal, info, context);
  if (before.sa_handler == SIG_IGN && was_sent) return;
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) return before.sa_handler(signal);
  std::signal(signal, SIG_DFL);
  if (was_sent) std::raise(signal);
}

/// Calls nothing but mmap, which on Linux is a system call and no more.
void on_bus_error(int signal, siginfo_t* info, void* context) {
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  GuardedRange* const range = info->si_code == BUS_ADRERR ? range_of(address) : nullptr;
  if (range != nullptr) {
    void* const page = reinterpret_cast<void*>(address / page_bytes * page_bytes);
    constexpr int kZeros = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    if (mmap(page, page_bytes, PROT_READ, kZeros, -1, 0) != MAP_FAILED) {
      range->tripped.store(true, std::memory_order_release);
      return;
    }
  }
  pass_on(signal, info, context, info->si_code <= 0);
}

void install_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    sigaction(SIGBUS, nullptr, &before);  // known before the first signal can come
    struct sigaction ours {};
    ours.sa_sigaction = on_bus_error;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&ours.sa_mask);
    sigaction(SIGBUS, &ours, nullptr);
  });
}

/// One that is nobody's.
GuardedRange& unused_range() {
  for (GuardedRange* range = ranges; range != nullptr; range = range->next)
    if (range->end == 0) return *range;
  auto* const fresh = new GuardedRange;
  fresh->next = ranges;
  ranges.store(fresh, std::memory_order_release);
  return *fresh;
}

GuardedRange& take_range(const void* begin, size_t size) {
  install_handler();
  const std::lock_guard lock(ranges_mutex);
  GuardedRange& range = unused_range();
  const auto from = reinterpret_cast<uintptr_t>(begin);
  range.tripped = false;
  range.begin = from;
  range.end = from + size;  // last: from now on it counts
  return range;
}

}  // namespace

BusErrorGuard::BusErrorGuard(const void* begin, size_t size) : range_(take_range(begin, size)) {}

BusErrorGuard::~BusErrorGuard() {
  const std::lock_guard lock(ranges_mutex);
  range_.end = 0;
}

bool BusErrorGuard::tripped() const { return range_.tripped.load(std::memory_order_acquire); }

}  // namespace simclr
