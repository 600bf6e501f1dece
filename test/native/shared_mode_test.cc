// Threads that want a setting of the process one way or the other: never both at once, each with what it
// wants.
#include "core/shared_mode.h"

#include <atomic>
#include <thread>
#include <vector>

#include "testing.h"

int main() {
  simclr::SharedMode mode;
  bool setting = false;  // guarded by `mode` alone: the sanitizer says so where it is not
  std::atomic<int> sets = 0, inside[2] = {0, 0};
  std::vector<std::thread> threads;
  for (const bool wanted : {false, true, false, true}) {
    threads.emplace_back([&, wanted] {
      for (int i = 0; i < 500; ++i) {
        mode.enter(wanted, [&](bool value) {
          setting = value;
          ++sets;
        });
        ++inside[wanted];
        EXPECT(setting == wanted);
        EXPECT(inside[!wanted] == 0);
        std::this_thread::yield();
        --inside[wanted];
        mode.leave();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT(sets >= 2);

  // Those who want the same need not wait for each other, and set nothing.
  const auto count = [&](bool) { ++sets; };
  sets = 0;
  mode.enter(true, count);
  mode.enter(true, count);
  EXPECT(sets == 1);
  mode.leave();
  mode.leave();
  mode.enter(true, count);  // anew: somebody else may have changed it meanwhile
  EXPECT(sets == 2);
  mode.leave();
  std::printf("ok\n");
}
