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
  /// Errors call it `name`; empty: its path. Throws ERR_SIMCLR_IO.
  explicit MappedFile(const std::string& path, const std::string& name = "");
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  const std::string& name() const { return name_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  std::string name_;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace simclr
