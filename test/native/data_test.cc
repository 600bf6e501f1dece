// The plain C++ of native/core/data on its own, for sanitizers: prints "ok", or says what is wrong and ends
// with 1.
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
          expect(!store.has(slot) || store.at(slot).data[0] == thread, "a slot's pixels");
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
    readers.emplace_back([&] { expect(store.at(0).data[299] == bytes[299], "pixel"); });
  readers.clear();
  expect(store.at(2).data[0] == bytes[999], "last byte");
  expect_error([&] { store.at(1); }, "ERR_SIMCLR_CORRUPT_FILE", "wrong checksum");
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

}  // namespace

int main(int, char** arguments) {
  scenes_of_any_size();
  slots_in_parallel();
  mapped_pixels(arguments[1]);
  std::puts("ok");
}
