// Where a set's images go on a GPU, and that nobody reads them to find out.
#include "cuda/augment/set_layout.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "core/error.h"
#include "testing.h"

using namespace simclr;
using namespace simclr::cuda;

namespace {

ImageView image(int width, int height, int channels) {
  static const std::vector<uint8_t> bytes(1000, 7);
  return {bytes.data(), width, height, channels, int64_t{width} * channels};
}

/// Slots that stay empty, as those of files that could not be decoded, are no images and take no place.
void empty_slots() {
  ImageStore store(5);
  store.set(0, image(4, 3, 3));
  store.set(2, image(2, 9, 1));
  store.set(3, image(5, 1, 4));  // alpha is dropped on the way in
  const auto layout = layout_of(store, 1000);
  EXPECT(layout && layout->images.size() == 5 && layout->bytes == 36 + 18 + 15 && layout->longest == 9);
  EXPECT(layout->images[2].offset == 36 && layout->images[2].height == 9 && layout->images[2].channels == 1);
  EXPECT(layout->images[3].offset == 54 && layout->images[3].channels == 3);
  for (const uint32_t i : {0, 2, 3}) EXPECT(layout->has(i));
  for (const uint32_t i : {1, 4, 5}) EXPECT(!layout->has(i));
}

void beyond_the_limit() {
  ImageStore store(3);
  for (size_t i = 0; i < 3; ++i) store.set(i, image(4, 4, 3));
  EXPECT(layout_of(store, 144) && !layout_of(store, 143) && !layout_of(store, 0));
}

/// A pack whose checksums are all wrong: reading any image would throw.
void mapped_images_are_not_read() {
  std::string path = "/tmp/simclr-set-layout-XXXXXX";
  const int file = mkstemp(path.data());
  const std::vector<uint8_t> bytes(600, 9);
  EXPECT(write(file, bytes.data(), bytes.size()) == 600);
  close(file);
  ImageStore store(2);
  store.map(std::make_shared<const MappedFile>(path), {{0, 10, 10, 3, 1}, {300, 5, 20, 3, 2}});
  unlink(path.c_str());
  const auto layout = layout_of(store, 1 << 20);
  EXPECT(layout && layout->bytes == 600 && layout->longest == 20);
  bool thrown = false;
  try {
    store.read(0, [](const ImageView&) {});
  } catch (const Error&) {
    thrown = true;
  }
  EXPECT(thrown);
}

}  // namespace

int main() {
  empty_slots();
  beyond_the_limit();
  mapped_images_are_not_read();
  std::printf("ok\n");
}
