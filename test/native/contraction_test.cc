// What is drawn for a view and its weights of resampling, as bits: the test of it compiles this with and
// without fused multiply-adds, as processors and GPUs differ in them, and expects the same lines. The last
// line differs, or the flags did nothing.
#include <cstdint>
#include <cstring>

#include "core/augment/parameters.h"
#include "core/image/color.h"
#include "core/image/resample_weights.h"
#include "testing.h"

using namespace simclr;

namespace {

/// FNV-1a of values' bits.
struct Digest {
  uint64_t value = 0xcbf29ce484222325u;
  template <class T>
  void add(T x) {
    unsigned char bytes[sizeof(T)];
    std::memcpy(bytes, &x, sizeof x);
    for (const unsigned char byte : bytes) value = (value ^ byte) * 0x100000001b3u;
  }
};

void add(Digest& digest, const ViewParameters& view) {
  for (const int x : {view.box.x, view.box.y, view.box.width, view.box.height, view.turns}) digest.add(x);
  for (const bool x : {view.flip, view.vertical_flip, view.jitter, view.gray, view.blur, view.solarize})
    digest.add(x);
  for (const ColorOperator x : view.order) digest.add(static_cast<int>(x));
  for (const float x : {view.brightness, view.contrast, view.saturation, view.hue, view.sigma}) digest.add(x);
  digest.add(hue_sixths(view.hue));
}

uint64_t draws(Convention convention) {
  Plan plan;
  plan.size = 224;
  plan.crop = CropPlan{.sampling = convention};
  plan.flip = plan.vertical_flip = 0.5f;
  plan.turn = TurnPlan{0.5f, false};
  plan.jitter =
      JitterPlan{.probability = 0.8f, .brightness = 0.8f, .contrast = 0.8f, .saturation = 0.8f, .hue = 0.2f};
  plan.gray = 0.2f;
  plan.blur = BlurPlan{};
  plan.solarize = SolarizePlan{0.2f, 0.5f};
  Digest digest;
  for (uint32_t index = 0; index < 20'000; ++index) {
    const int width = 300 + static_cast<int>(index % 301), height = 500 - static_cast<int>(index % 127);
    add(digest, draw_parameters(plan, {11, index / 100, index, index % 2}, width, height));
  }
  return digest.value;
}

uint64_t weights(Resampling kind) {
  Digest digest;
  for (const int out : {7, 32, 96, 224}) {
    for (int in = 3; in < 500; in += 7) {
      std::vector<float> row(max_taps(kind, in, out));
      for (int i = 0; i < out; ++i) {
        int first = 0;
        const int count = resample_weights(kind, in, out, i, &first, row.data());
        digest.add(first);
        for (int k = 0; k < count; ++k) digest.add(row[k]);
      }
    }
  }
  return digest.value;
}

/// As the compiler likes it.
uint64_t sums() {
  Digest digest;
  const auto x = testing::numbers(3000, 1);
  for (size_t i = 0; i + 2 < x.size(); ++i) digest.add(x[i] + x[i + 1] * x[i + 2]);
  return digest.value;
}

}  // namespace

int main() {
  for (const Convention convention : {Convention::kPaper, Convention::kTorch})
    std::printf("%016llx\n", static_cast<unsigned long long>(draws(convention)));
  for (const Resampling kind : {Resampling::kTriangle, Resampling::kTriangleAntialias, Resampling::kKeys,
                                Resampling::kKeysAntialias, Resampling::kCubicTorch})
    std::printf("%016llx\n", static_cast<unsigned long long>(weights(kind)));
  std::printf("%016llx\n", static_cast<unsigned long long>(sums()));
}
