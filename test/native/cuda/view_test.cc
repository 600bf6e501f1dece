// The augmentation kernel on the host executor against core/augment/reference.cc, view by view.
#include "core/augment/reference.h"
#include "cuda/augment/view_kernels.h"
#include "testing.h"

using namespace simclr;
using namespace simclr::cuda;

namespace {

/// Images of several sizes, grey ones among them, one after the other.
struct Set {
  std::vector<uint8_t> bytes;
  std::vector<StoredImage> images;

  void add(int width, int height, int channels) {
    images.push_back({static_cast<int64_t>(bytes.size()), width, height, channels});
    const auto noise = testing::numbers(static_cast<size_t>(width) * height * channels, images.size());
    for (size_t i = 0; i < noise.size(); ++i)
      bytes.push_back(
          static_cast<uint8_t>(127 + 90 * std::sin(0.05 * static_cast<double>(i)) + 37 * noise[i]));
  }
  ImageView view(size_t i) const {
    const StoredImage& image = images[i];
    return {bytes.data() + image.offset, image.width, image.height, image.channels,
            int64_t{image.width} * image.channels};
  }
};

template <class T>
void compare(const Set& set, const Plan& plan, int views, bool shared, double tolerance) {
  const std::vector<uint32_t> indices = {2, 0, 1, 3, 2}, epochs = {0, 0, 7, 1, 3};
  const ViewSource source{set.bytes.data(),
                          set.images.data(),
                          indices.data(),
                          epochs.data(),
                          0x123456789abcull,
                          static_cast<int64_t>(indices.size()),
                          views};
  int longest = 0;
  for (const StoredImage& image : set.images) longest = std::max({longest, image.width, image.height});
  const ViewWorkspace workspace(plan, longest);
  EXPECT(workspace.bytes() <= kMostSharedBytes || !shared);
  const int64_t pixels = int64_t{plan.size} * plan.size * 3;
  std::vector<T> out(views * indices.size() * pixels);
  std::vector<float> memory(shared ? 0 : view_blocks(source, workspace) * workspace.floats, NAN);
  EXPECT(make_views<T>(source, plan, workspace, shared ? nullptr : memory.data(), out.data(), nullptr) ==
         cudaSuccess);
  std::vector<float> expected(pixels);
  for (size_t at = 0; at < views * indices.size(); ++at) {
    const size_t row = at % indices.size();
    const ImageView image = set.view(indices[row]);
    const ViewKey key{source.seed, epochs[row], indices[row], static_cast<uint32_t>(at / indices.size())};
    reference_view(plan, draw_parameters(plan, key, image.width, image.height), image, expected.data());
    for (int64_t i = 0; i < pixels; ++i)
      EXPECT_NEAR(to_float(out[at * pixels + i]), expected[i], tolerance * (1 + std::abs(expected[i])));
  }
}

}  // namespace

int main() {
  Set set;
  set.add(32, 32, 3);
  set.add(17, 40, 3);  // no multiple of anything
  set.add(33, 20, 1);
  set.add(5, 3, 3);

  Plan paper;
  paper.size = 16;
  paper.crop = CropPlan{};
  paper.flip = 0.5f;
  paper.vertical_flip = 0.5f;
  paper.turn = TurnPlan{0.75f, false};
  paper.jitter =
      JitterPlan{.probability = 0.8f, .brightness = 0.8f, .contrast = 0.8f, .saturation = 0.8f, .hue = 0.2f};
  paper.gray = 0.2f;
  compare<float>(set, paper, 2, true, 1e-5);
  compare<float>(set, paper, 2, false, 1e-5);
  compare<Bf16>(set, paper, 1, true, 0x1p-8);

  Plan torch = paper;
  torch.size = 19;  // 361 pixels: some threads have two, some one
  torch.crop = CropPlan{Convention::kTorch, {0.08f, 1.0f}, {0.75f, 1.3333f}, Filter::kBilinear, true};
  torch.jitter->operators = Convention::kTorch;
  torch.blur = BlurPlan{1, {0.1f, 2.0f}, 5, Padding::kReflect};
  torch.solarize = SolarizePlan{0.5f, 0.5f};
  torch.normalize = NormalizePlan{{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
  compare<float>(set, torch, 2, true, 1e-5);

  Plan blurred = paper;
  blurred.blur = BlurPlan{0.5f, {0.1f, 2.0f}, 23, Padding::kZero};
  blurred.jitter->add_brightness = true;
  blurred.crop->antialias = true;
  compare<Half>(set, blurred, 3, false, 0x1p-10);

  Plan turned;  // every orientation, in eight views of five images
  turned.size = 9;
  turned.center = CenterPlan{1, Filter::kBilinear, true};
  turned.flip = turned.vertical_flip = 0.5f;
  turned.turn = TurnPlan{0.75f, false};
  compare<float>(set, turned, 8, true, 1e-6);
  turned.turn->left = true;
  compare<float>(set, turned, 2, true, 1e-6);

  Plan tiny;  // more views than blocks with workspaces of their own
  tiny.size = 3;
  tiny.crop = CropPlan{};
  compare<float>(set, tiny, 53, false, 1e-6);

  Plan large = tiny;  // more shared memory than every kernel has
  large.size = 64;
  compare<float>(set, large, 1, true, 1e-6);

  // Only who blurs needs a second image.
  Plan smooth = tiny;
  smooth.blur = BlurPlan{0.5f, {0.1f, 2.0f}, 3, Padding::kZero};
  EXPECT(ViewWorkspace(smooth, 40).floats == ViewWorkspace(tiny, 40).floats + 3 * 3 * 3 + 3);

  Plan center;  // evaluation: nothing random
  center.size = 8;
  center.center = CenterPlan{0.875f, Filter::kBicubic, false};
  compare<float>(set, center, 1, true, 1e-6);
  std::printf("ok\n");
}
