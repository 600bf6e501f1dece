// A file in memory without reading it: the system fetches what is touched and drops it when memory is short.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>

#include "core/data/bus_errors.h"

namespace simclr {

/// Read-only, and open as long as it is mapped. Others may write to the file meanwhile: whoever reads asks
/// for its `version` before and calls `require_whole` after.
class MappedFile {
 public:
  /// Errors call it `name`; empty: its path. Throws ERR_SIMCLR_IO.
  explicit MappedFile(const std::string& path, const std::string& name = "");
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  const std::string& name() const { return name_; }
  /// Bytes that cannot be had any more read as zeros.
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

  /// Another number once the file has been written to: what was found out about its bytes holds no more. At
  /// least 1. The file is looked at every 10 ms at most, which then costs a system call.
  uint32_t version() const;

  /// Throws ERR_SIMCLR_CORRUPT_FILE where the file has become shorter, or its disk gives no more.
  void require_whole() const;

 private:
  /// Compares size and time of the last change with what they were.
  void look() const;

  std::string name_;
  int file_ = -1;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
  std::unique_ptr<BusErrorGuard> guard_;

  mutable std::atomic<uint32_t> version_{1};
  mutable std::atomic<bool> is_shorter_{false};
  mutable std::atomic<int64_t> next_look_{0};  ///< ns of the steady clock
  mutable std::mutex mutex_;
  mutable timespec changed_{};
};

}  // namespace simclr
