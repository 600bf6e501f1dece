// Opening memory that ranks share, where it fails on the way: no file stays open, and none by its name. Under
// sanitizers.
#include "core/dist/host_memory.h"

#include <filesystem>
#include <stdexcept>
#include <string>

#include "testing.h"

using simclr::HostMemory;

namespace {

int open_files() {
  int count = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

/// Opens as rank 0 of 1; exchange number `failing` throws. Returns whether it got that far.
bool fails_at(int failing) {
  std::string name;
  int exchanges = 0;
  const auto exchange = [&](const std::string& text) {
    if (exchanges == 0) name = text;
    if (exchanges++ == failing) throw std::runtime_error("a rank is gone");
    return std::vector<std::string>{text};
  };
  const int before = open_files();
  bool failed = false;
  try {
    const auto memory = HostMemory::open(0, 1, exchange);
    EXPECT(memory != nullptr);
  } catch (const std::runtime_error&) {
    failed = true;
  }
  EXPECT(open_files() == before);
  EXPECT(name.starts_with("/dev/shm/simclr-"));
  EXPECT(!std::filesystem::exists(name));
  return failed;
}

}  // namespace

int main() {
  EXPECT(fails_at(0) && fails_at(1) && fails_at(2));
  EXPECT(!fails_at(3));
  std::printf("ok\n");
}
