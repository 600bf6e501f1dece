#include "core/dist/host_memory.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>
#include <random>
#include <utility>

namespace simclr {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kDesk = int64_t{256} << 10;  // bytes that a rank can show the others in one round
constexpr int64_t kPage = 4096;
constexpr std::chrono::milliseconds kLookEvery{20};

int64_t pages(int64_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

/// A lock that the kernel lets go of when the process ends, however it does.
struct flock lock_of(int rank) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = rank;
  lock.l_len = 1;
  return lock;
}

void sleep_on(std::atomic<uint32_t>& word, uint32_t seen, std::chrono::milliseconds time) {
  const timespec limit{0, time.count() * 1'000'000};
  syscall(SYS_futex, &word, FUTEX_WAIT, seen, &limit, nullptr, 0);
}

void wake_all(std::atomic<uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

bool reserve(int file, int64_t offset, int64_t bytes) {
  int error;
  do error = posix_fallocate(file, offset, bytes);
  while (error == EINTR);
  return error == 0;
}

/// What shm_open would open, which older C libraries have in a library of its own.
std::string random_name() {
  std::random_device random;
  return "/dev/shm/simclr-" + std::to_string(random()) + "-" + std::to_string(random());
}

/// A file that is open and may have a name, both given up with it.
struct SharedFile {
  SharedFile() = default;
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;
  ~SharedFile() {
    remove_name();
    if (file >= 0) ::close(file);
  }

  void remove_name() {
    if (!name.empty()) unlink(name.c_str());
    name.clear();
  }

  int file = -1;
  std::string name;  ///< of the rank that made it
};

bool all_say(const std::vector<std::string>& answers, const char* wanted) {
  return std::all_of(answers.begin(), answers.end(), [&](const auto& answer) { return answer == wanted; });
}

}  // namespace

/// The last round that a rank has come to, in a cache line of its own.
struct alignas(64) HostMemory::Arrival {
  std::atomic<uint32_t> round;
  static_assert(std::atomic<uint32_t>::is_always_lock_free);
};

std::unique_ptr<HostMemory> HostMemory::open(int rank, int size, const Exchange& exchange) {
  SharedFile shared;
  if (rank == 0) {
    const std::string name = random_name();
    shared.file = ::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (shared.file >= 0) shared.name = name;
  }
  const std::string name = exchange(shared.name)[0];
  if (rank != 0 && !name.empty()) shared.file = ::open(name.c_str(), O_RDWR | O_CLOEXEC, 0600);
  struct flock lock = lock_of(rank);
  const bool mine = shared.file >= 0 && fcntl(shared.file, F_OFD_SETLK, &lock) == 0;
  const bool everybody = all_say(exchange(mine ? "open" : ""), "open");
  // Nothing is left behind from here on; what a rank killed before this leaves is empty.
  shared.remove_name();
  std::unique_ptr<HostMemory> memory;
  if (everybody) memory.reset(new HostMemory(rank, size, std::exchange(shared.file, -1)));
  const bool mapped = memory && memory->base_;
  if (!all_say(exchange(mapped ? "mapped" : ""), "mapped")) memory.reset();
  return memory;
}

HostMemory::HostMemory(int rank, int size, int file) : rank_(rank), size_(size), file_(file) {
  const int64_t bytes = pages(size * static_cast<int64_t>(sizeof(Arrival))) + size * 2 * kDesk;
  if (!reserve(file_, 0, bytes)) return;  // any rank may: it is the same place
  base_ = map(0, bytes);
  end_ = bytes;
}

HostMemory::~HostMemory() { ::close(file_); }

std::shared_ptr<std::byte> HostMemory::map(int64_t offset, int64_t bytes) const {
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file_, offset);
  if (at == MAP_FAILED) return nullptr;
  return {static_cast<std::byte*>(at), [bytes](std::byte* p) { munmap(p, bytes); }};
}

bool HostMemory::is_gone(int rank) const {
  struct flock lock = lock_of(rank);
  return fcntl(file_, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

/// Two a rank, in turns: who shows something in round n + 2 has met everybody in round n + 1, and so nobody
/// reads what was shown in round n any more.
std::byte* HostMemory::desk(int rank, uint32_t round) const {
  const int64_t first = pages(size_ * static_cast<int64_t>(sizeof(Arrival)));
  return base_.get() + first + (rank * 2 + round % 2) * kDesk;
}

void HostMemory::meet(const Look& look) {
  auto* arrivals = reinterpret_cast<Arrival*>(base_.get());
  const uint32_t now = ++round_;
  arrivals[rank_].round.store(now, std::memory_order_release);
  wake_all(arrivals[rank_].round);
  const auto start = Clock::now();
  for (int rank = 0; rank < size_; ++rank) {
    std::atomic<uint32_t>& word = arrivals[rank].round;
    const auto there = [&](uint32_t seen) { return static_cast<int32_t>(seen - now) >= 0; };
    for (;;) {
      const uint32_t seen = word.load(std::memory_order_acquire);
      if (there(seen)) break;
      sleep_on(word, seen, kLookEvery);
      const bool gone = is_gone(rank);
      // It may have come, and ended, in the meantime.
      if (there(word.load(std::memory_order_acquire))) break;
      look(rank, gone, start);
    }
  }
}

void HostMemory::all_gather(const void* value, int64_t bytes, void* out, const Look& look) {
  for (int64_t begin = 0; begin < bytes; begin += kDesk) {
    const int64_t part = std::min(kDesk, bytes - begin);
    std::memcpy(desk(rank_, round_ + 1), static_cast<const std::byte*>(value) + begin, part);
    meet(look);
    for (int rank = 0; rank < size_; ++rank)
      std::memcpy(static_cast<std::byte*>(out) + rank * bytes + begin, desk(rank, round_), part);
  }
}

std::shared_ptr<std::byte> HostMemory::allocate(int64_t bytes, const Look& look) {
  bytes = pages(std::max<int64_t>(bytes, 1));
  std::shared_ptr<std::byte> memory;
  if (reserve(file_, end_, bytes)) memory = map(end_, bytes);
  const char mine = memory != nullptr;
  std::vector<char> all(size_);
  all_gather(&mine, 1, all.data(), look);
  if (std::count(all.begin(), all.end(), 0) > 0) return nullptr;
  end_ += bytes;
  return memory;
}

}  // namespace simclr
