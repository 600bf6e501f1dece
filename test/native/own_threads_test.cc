// A thread's number of LibTorch's threads stays its own, whatever other threads set meanwhile.
#include "core/machine/own_threads.h"

#include <ATen/Parallel.h>

#include <thread>

#include "testing.h"

using namespace simclr;

namespace {

template <class Work>
void on_a_thread(const Work& work) {
  std::thread(work).join();
}

/// The number after work on LibTorch's threads, here and inside of LibTorch.
int after_work() {
  at::parallel_for(0, 1, 1, [](int64_t, int64_t) {});
  return at::get_num_threads();
}

void set_on_another_thread(int count) {
  on_a_thread([count] { at::set_num_threads(count); });
}

}  // namespace

int main() {
  take_usual_threads();
  const int usual = at::get_num_threads();
  on_a_thread([] {
    const OwnThreads one(1);
    set_on_another_thread(3);
    EXPECT(after_work() == 1);
  });
  on_a_thread([usual] {
    set_on_another_thread(3);
    take_usual_threads();
    EXPECT(at::get_num_threads() == usual);
    set_on_another_thread(1);
    EXPECT(after_work() == usual);
    {
      const OwnThreads two(2);
      set_on_another_thread(3);
      EXPECT(after_work() == 2);
    }
    EXPECT(after_work() == usual);
  });
  std::puts("ok");
}
