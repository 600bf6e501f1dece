// The plain C++ of native/core/data on its own, for sanitizers: prints "ok", or says what is wrong and ends
// with 1.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/data/crc32.h"
#include "core/data/image_store.h"
#include "core/data/scenes.h"
#include "core/error.h"

namespace {

using simclr::ImageStore;

void expect(bool right, const char* what) {
  if (right) return;
  std::printf("failed: %s\n", what);
  std::exit(1);
}

template <class Work>
void expect_error(Work work, const std::string& code, const char* what) {
  try {
    work();
  } catch (const simclr::Error& error) {
    expect(error.code() == code, what);
    return;
  }
  expect(false, what);
}

/// The byte at `at` of an image.
uint8_t byte_of(const ImageStore& store, size_t index, size_t at = 0) {
  uint8_t byte = 0;
  store.read(index, [&](const simclr::ImageView& image) { byte = image.data[at]; });
  return byte;
}

void scenes_of_any_size() {
  std::vector<uint8_t> pixels(300 * 300 * 3);
  for (const int size : {8, 9, 32, 33, 224, 300}) {
    for (uint32_t i = 0; i < 300; ++i) {
      const int label = simclr::draw_scene(7ULL * i, i * 8589934U, size, pixels.data());
      expect(label == simclr::scene_label(i * 8589934U), "label");
    }
  }
}

/// Slots are written by several threads, each its own.
void slots_in_parallel() {
  ImageStore store(500);
  std::vector<std::jthread> threads;
  for (uint8_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&store, thread] {
      const std::vector<uint8_t> pixels(32 * 32 * 4, thread);
      for (int round = 0; round < 30; ++round) {
        for (size_t slot = thread; slot < 500; slot += 4) {
          const int channels = round % 3 == 0 ? 1 : 4;
          if (round % 3 == 2) {
            store.remove(slot);
          } else {
            store.set(slot, {pixels.data(), 32, 32, channels, 32 * channels});
          }
          expect(!store.has(slot) || byte_of(store, slot) == thread, "a slot's pixels");
        }
      }
    });
  }
  threads.clear();
  expect(store.bytes() == 0, "bytes after everything was removed");
}

void mapped_pixels(const char* path) {
  std::vector<uint8_t> bytes(1000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 31);
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), 1000);
  const auto file = std::make_shared<const simclr::MappedFile>(path);
  ImageStore store(3);
  store.map(file, {{0, 10, 10, 3, simclr::crc32(bytes.data(), 300)},
                   {1, 10, 10, 1, 5},
                   {999, 1, 1, 1, simclr::crc32(bytes.data() + 999, 1)}});
  std::vector<std::jthread> readers;
  for (int i = 0; i < 4; ++i)
    readers.emplace_back([&] { expect(byte_of(store, 0, 299) == bytes[299], "pixel"); });
  readers.clear();
  expect(byte_of(store, 2) == bytes[999], "last byte");
  expect_error([&] { byte_of(store, 1); }, "ERR_SIMCLR_CORRUPT_FILE", "wrong checksum");
  for (const ImageStore::MappedImage& outside : {ImageStore::MappedImage{1000, 1, 1, 1, 0},
                                                 {0, 1 << 30, 1 << 30, 3, 0},
                                                 {0, -1, 1, 1, 0},
                                                 {0, 1, 1, 2, 0}}) {
    ImageStore fresh(1);
    expect_error([&] { fresh.map(file, {outside}); }, "ERR_SIMCLR_CORRUPT_FILE", "outside the file");
  }
  expect_error([] { simclr::MappedFile("/absent"); }, "ERR_SIMCLR_IO", "absent file");
  expect(simclr::crc32(reinterpret_cast<const uint8_t*>("123456789"), 9) == 0xCBF43926U,
         "CRC-32's check value");
}

/// A file of three images, of 4096 pixels each.
class ThreeImages {
 public:
  static constexpr size_t kBytes = 4096;

  explicit ThreeImages(const char* path) : path_(path), bytes_(3 * kBytes, 7) {
    write();
    store.map(std::make_shared<const simclr::MappedFile>(path), {image(0), image(1), image(2)});
  }
  /// In place, as `cp` does it.
  void write() const {
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes_.data()), static_cast<std::streamsize>(bytes_.size()));
  }
  void change(size_t index) { bytes_[index * kBytes] ^= 1; }
  void shorten(size_t images) const {
    expect(truncate(path_, static_cast<off_t>(images * kBytes)) == 0, "truncate");
  }

  ImageStore store{3};

 private:
  ImageStore::MappedImage image(size_t index) const {
    return {index * kBytes, 64, 64, 1, simclr::crc32(bytes_.data(), kBytes)};
  }

  const char* path_;
  std::vector<uint8_t> bytes_;
};

/// Until the next read looks at the file.
void wait_for_a_look() { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }

void shortened_while_mapped(const char* path) {
  for (const bool seen : {false, true}) {
    ThreeImages file(path);
    for (size_t i = 0; i < 3; ++i) expect(byte_of(file.store, i) == 7, "before");
    file.shorten(1);
    if (seen) wait_for_a_look();
    for (size_t i = 2; i > 0; --i) {
      expect_error([&] { byte_of(file.store, i); }, "ERR_SIMCLR_CORRUPT_FILE", "bytes that are gone");
    }
    expect_error([&] { byte_of(file.store, 0); }, "ERR_SIMCLR_CORRUPT_FILE", "a file that lost bytes");
  }
  ThreeImages(path).write();
  const simclr::MappedFile file(path);
  const simclr::MappedFile other(path);
  file.require_whole();
  expect(truncate(path, 4096) == 0, "truncate");
  expect(file.data()[4095] == 7 && file.data()[4096] == 0 && file.data()[12287] == 0, "zeros");
  expect_error([&] { file.require_whole(); }, "ERR_SIMCLR_CORRUPT_FILE", "whose bytes are gone");
  other.require_whole();  // nobody has read there
}

void written_while_mapped(const char* path) {
  ThreeImages file(path);
  for (size_t i = 0; i < 3; ++i) byte_of(file.store, i);
  wait_for_a_look();
  file.write();  // the same
  wait_for_a_look();
  for (size_t i = 0; i < 3; ++i) expect(byte_of(file.store, i) == 7, "written anew");
  file.change(1);
  file.write();
  wait_for_a_look();
  expect(byte_of(file.store, 0) == 7 && byte_of(file.store, 2) == 7, "those that are the same");
  expect_error([&] { byte_of(file.store, 1); }, "ERR_SIMCLR_CORRUPT_FILE", "one that is not");
}

/// Whether a process that does `work` comes to its end.
template <class Work>
bool survives(Work work) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    close(STDERR_FILENO);  // a sanitizer's
    work();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Signals that are not about a mapped file are whoever's they were.
void others_bus_errors(const char* path) {
  ThreeImages(path).write();
  const simclr::MappedFile guarded(path);
  expect(survives([&] { guarded.require_whole(); }), "nothing");
  expect(!survives([] { std::raise(SIGBUS); }), "a signal that was sent");
  expect(!survives([&] {
    const int file = open(path, O_RDONLY);
    const auto* bytes =
        static_cast<const volatile uint8_t*>(mmap(nullptr, 12288, PROT_READ, MAP_SHARED, file, 0));
    if (truncate(path, 4096) != 0) return;
    static_cast<void>(bytes[8192]);
  }),
         "somebody else's mapping");
}

}  // namespace

int main(int, char** arguments) {
  scenes_of_any_size();
  slots_in_parallel();
  mapped_pixels(arguments[1]);
  shortened_while_mapped(arguments[1]);
  written_while_mapped(arguments[1]);
  others_bus_errors(arguments[1]);
  std::puts("ok");
}
