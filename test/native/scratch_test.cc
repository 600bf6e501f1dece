// Scratch memory after there was none: what is asked for next is there.
#include <new>

#include "core/augment/fused/columns.h"
#include "testing.h"

int main() {
  simclr::Scratch<float> scratch;
  float* const first = scratch.get(100);
  EXPECT(first != nullptr && scratch.get(50) == first);
  bool refused = false;
  try {
    scratch.get(size_t{1} << 60);
  } catch (const std::bad_alloc&) {
    refused = true;
  }
  EXPECT(refused);
  float* const again = scratch.get(50);
  EXPECT(again != nullptr);
  again[49] = 1;
  std::printf("ok\n");
}
