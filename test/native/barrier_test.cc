// The barrier of shards: nobody passes before everybody has come, and a failure lets everybody go. Under
// sanitizers.
#include "core/dist/barrier.h"

#include <array>
#include <chrono>
#include <thread>
#include <vector>

#include "testing.h"

using namespace simclr;

namespace {

constexpr int kParties = 3;

/// Runs work(party) in a thread each.
template <class Work>
void together(Work work) {
  std::vector<std::thread> threads;
  for (int party = 0; party < kParties; ++party) threads.emplace_back([&work, party] { work(party); });
  for (std::thread& thread : threads) thread.join();
}

/// Some come at once, some while the others watch, some when they sleep.
void come_late(uint64_t meeting, int party) {
  const uint64_t mixed = (meeting * kParties + party) * 0x9E3779B97F4A7C15ull >> 60;
  if (mixed < 4) std::this_thread::sleep_for(std::chrono::microseconds(40 * mixed));
}

/// What a party brings before a meeting, everybody sees after it, in places that two meetings share by turns.
void shows_what_was_brought() {
  Barrier barrier(kParties);
  std::array<std::array<uint64_t, kParties>, 2> brought{};
  together([&](int party) {
    for (uint64_t meeting = 0; meeting < 2000; ++meeting) {
      EXPECT(barrier.meetings() == meeting);
      come_late(meeting, party);
      auto& places = brought[meeting % 2];
      places[party] = meeting * kParties + party;
      const uint64_t here = barrier.arrive();
      EXPECT(here == meeting);
      come_late(meeting + 1, party);  // something to compute meanwhile
      barrier.wait(here);
      for (int other = 0; other < kParties; ++other) EXPECT(places[other] == meeting * kParties + other);
    }
  });
  EXPECT(barrier.meetings() == 2000);
}

/// One party fails before its `last` meeting, at once or when the others sleep.
void lets_everybody_go(std::chrono::microseconds late) {
  constexpr uint64_t last = 5;
  Barrier barrier(kParties);
  std::array<uint64_t, kParties> met{};
  std::array<bool, kParties> failed{};
  together([&](int party) {
    try {
      for (; met[party] < 10; ++met[party]) {
        if (party == 1 && met[party] == last) {
          std::this_thread::sleep_for(late);
          return barrier.abort();
        }
        barrier.wait(barrier.arrive());
      }
    } catch (const PeerFailed&) {
      failed[party] = true;
    }
  });
  EXPECT(met[0] == last && met[1] == last && met[2] == last);
  EXPECT(failed[0] && !failed[1] && failed[2]);

  barrier.reset();
  together([&](int) { barrier.wait(barrier.arrive()); });
  EXPECT(barrier.meetings() == last + 1);
}

}  // namespace

int main() {
  shows_what_was_brought();
  lets_everybody_go(std::chrono::microseconds(0));
  lets_everybody_go(std::chrono::milliseconds(20));
  std::puts("ok");
}
