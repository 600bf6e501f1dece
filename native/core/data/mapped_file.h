// A file in memory without reading it: the system fetches what is touched and drops it when memory is short.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace simclr {

/// Read-only. A file that another process shortens meanwhile must not be touched behind its new end: who
/// writes such files replaces them (rename) and never shortens them.
class MappedFile {
 public:
  /// Throws ERR_SIMCLR_IO.
  explicit MappedFile(const std::string& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  const std::string& path() const { return path_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  std::string path_;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace simclr
