#include "core/data/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace simclr {
namespace {

[[noreturn]] void fail(const std::string& name, int error) {
  throw Error("ERR_SIMCLR_IO", name + " cannot be mapped into memory: " + std::strerror(error) + ".");
}

}  // namespace

MappedFile::MappedFile(const std::string& path, const std::string& name) : name_(name.empty() ? path : name) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(name_, errno);
  struct stat about {};
  if (fstat(file, &about) != 0 || about.st_size == 0) {
    const int error = about.st_size == 0 ? EINVAL : errno;
    close(file);
    fail(name_, error);
  }
  size_ = static_cast<size_t>(about.st_size);
  void* address = mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, 0);
  const int error = errno;
  close(file);  // the mapping stays
  if (address == MAP_FAILED) fail(name_, error);
  data_ = static_cast<const uint8_t*>(address);
}

MappedFile::~MappedFile() { munmap(const_cast<uint8_t*>(data_), size_); }

}  // namespace simclr
