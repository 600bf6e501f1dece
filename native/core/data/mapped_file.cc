#include "core/data/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "core/error.h"

namespace simclr {
namespace {

constexpr int64_t kLookEvery = 10'000'000;  // ns

[[noreturn]] void fail(const std::string& name, int error) {
  throw Error("ERR_SIMCLR_IO", name + " cannot be mapped into memory: " + std::strerror(error) + ".");
}

int64_t now() {
  using std::chrono::nanoseconds;
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<nanoseconds>(since).count();
}

}  // namespace

MappedFile::MappedFile(const std::string& path, const std::string& name) : name_(name.empty() ? path : name) {
  file_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) fail(name_, errno);
  struct stat about {};
  if (fstat(file_, &about) != 0 || about.st_size == 0) {
    const int error = about.st_size == 0 ? EINVAL : errno;
    close(file_);
    fail(name_, error);
  }
  size_ = static_cast<size_t>(about.st_size);
  changed_ = about.st_mtim;
  void* address = mmap(nullptr, size_, PROT_READ, MAP_SHARED, file_, 0);
  if (address == MAP_FAILED) {
    const int error = errno;
    close(file_);
    fail(name_, error);
  }
  data_ = static_cast<const uint8_t*>(address);
  guard_ = std::make_unique<BusErrorGuard>(data_, size_);
}

MappedFile::~MappedFile() {
  guard_.reset();
  munmap(const_cast<uint8_t*>(data_), size_);
  close(file_);
}

uint32_t MappedFile::version() const {
  const int64_t time = now();
  int64_t due = next_look_.load(std::memory_order_relaxed);
  // One of those who come at the same time.
  if (time >= due && next_look_.compare_exchange_strong(due, time + kLookEvery)) look();
  return version_.load(std::memory_order_acquire);
}

void MappedFile::look() const {
  struct stat about {};
  if (fstat(file_, &about) != 0) return;  // of a network's file, say: its pages tell
  if (static_cast<size_t>(about.st_size) < size_) is_shorter_ = true;
  const std::lock_guard lock(mutex_);
  const timespec& time = about.st_mtim;
  if (time.tv_sec == changed_.tv_sec && time.tv_nsec == changed_.tv_nsec) return;
  changed_ = time;
  version_.fetch_add(1, std::memory_order_release);
}

void MappedFile::require_whole() const {
  if (!is_shorter_.load(std::memory_order_relaxed) && !guard_->tripped()) return;
  throw Error("ERR_SIMCLR_CORRUPT_FILE",
              "Expected " + name_ +
                  " to stay as it was opened but bytes of it are gone: it was shortened, or written over, "
                  "while it was used, or its disk fails. Make the file anew, and replace it by renaming.");
}

}  // namespace simclr
