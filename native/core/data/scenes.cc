#include "core/data/scenes.h"

#include <array>

#include "core/data/scene_shapes.h"
#include "core/random/philox.h"

namespace simclr {
namespace {

using scene::Point;

enum SceneClass {
  kStripedDisc,
  kDottedSquare,
  kCheckedTriangle,
  kBandedStar,
  kPlainRing,
  kGriddedCross,
  kWavyCrescent,
  kSpeckledHeart,
  kSpokedHexagon,
  kShadedBar,
};

struct Colour {
  float r = 0;
  float g = 0;
  float b = 0;
};

Colour mix(const Colour& a, const Colour& b, float share) {
  return {std::lerp(a.r, b.r, share), std::lerp(a.g, b.g, share), std::lerp(a.b, b.b, share)};
}

float distance(const Colour& a, const Colour& b) {
  return std::sqrt((a.r - b.r) * (a.r - b.r) + (a.g - b.g) * (a.g - b.g) + (a.b - b.b) * (a.b - b.b));
}

/// The scene's random numbers, one after the other.
class Draws {
 public:
  Draws(uint64_t seed, uint32_t index) : seed_(seed), index_(index) {}
  uint32_t word() {
    const uint32_t at = drawn_++;
    if (at % 4 == 0) block_ = philox(seed_, {index_, at / 4, 0, kStream});
    return block_.word[at % 4];
  }
  float uniform(float low, float high) { return simclr::uniform(word(), low, high); }
  Colour colour(float low, float high) {
    return {uniform(low, high), uniform(low, high), uniform(low, high)};
  }
  /// A colour at least `gap` away from `other`.
  Colour colour_unlike(const Colour& other, float gap, float low, float high) {
    Colour c = colour(low, high);
    while (distance(c, other) < gap) c = colour(low, high);
    return c;
  }

 private:
  static constexpr uint32_t kStream =
      0x7363656e;  // "scen": apart from the augmentation's draws of the same seed

  uint64_t seed_;
  uint32_t index_;
  uint32_t drawn_ = 0;
  RandomBlock block_{};
};

/// Everything that is drawn at random, in coordinates where the image is [-1, 1] x [-1, 1].
struct Scene {
  int label;
  Point centre;
  float radius;
  Point axis;    ///< cosine and sine of the shape's rotation
  float period;  ///< of the texture, in the shape's coordinates
  float phase;
  uint32_t salt;
  Colour paint, ink, ground, ground_far;
  Point slope;  ///< direction of the background's shading
};

Scene draw(uint64_t seed, uint32_t index) {
  Draws draws(seed, index);
  Scene s{};
  s.label = scene_label(index);
  s.radius = draws.uniform(0.45F, 0.75F);
  // Places lean to the middle and paint is lighter than the ground on average: without that raw pixels would
  // tell a linear classifier nothing at all, which no photograph's do.
  const float room = 0.85F - s.radius;
  s.centre = {draws.uniform(-room, room), draws.uniform(-room, room)};
  const float angle = draws.uniform(0, 2 * scene::kPi);
  s.axis = {std::cos(angle), std::sin(angle)};
  s.period = draws.uniform(0.45F, 0.6F);
  s.phase = draws.uniform(0, 1);
  s.salt = draws.word();
  s.ground = draws.colour(0, 0.65F);
  s.ground_far = mix(s.ground, draws.colour(0, 1), 0.5F);
  s.paint = draws.colour_unlike(s.ground, 0.45F, 0.4F, 1);
  s.ink = draws.colour_unlike(s.paint, 0.5F, 0, 1);
  const float down = draws.uniform(0, 2 * scene::kPi);
  s.slope = {std::cos(down), std::sin(down)};
  return s;
}

float shape_distance(int label, Point p) {
  switch (label) {
    case kStripedDisc:
      return scene::disc(p, 0.9F);
    case kDottedSquare:
      return scene::box(p, 0.78F, 0.78F);
    case kCheckedTriangle:
      return scene::polygon(p, 3, 0.55F);
    case kBandedStar:
      return scene::star(p, 5, 0.5F);
    case kPlainRing:
      return scene::ring(p, 0.75F, 0.22F);
    case kGriddedCross:
      return scene::cross(p, 0.38F);
    case kWavyCrescent:
      return scene::crescent(p);
    case kSpeckledHeart:
      return scene::heart(p);
    case kSpokedHexagon:
      return scene::polygon(p, 6, 0.82F);
    default:
      return scene::box(p, 1, 0.35F);
  }
}

/// Share of ink in 0..1; `pixel` is a pixel's width in the shape's coordinates.
float texture(const Scene& s, Point p, float pixel) {
  const auto edge = [pixel](float field) { return std::clamp(0.5F + field / pixel, 0.F, 1.F); };
  const Point moved{p.x + s.phase, p.y + s.phase};
  switch (s.label) {
    case kStripedDisc:
      return edge(scene::wave(moved.x, s.period));
    case kDottedSquare:
      return edge(scene::dots(moved, s.period));
    case kCheckedTriangle:
      return edge(scene::checks(moved, s.period));
    case kBandedStar:
      return edge(scene::wave(scene::length(p) + s.phase, s.period));
    case kPlainRing:
      return 0;
    case kGriddedCross:
      return edge(scene::grid(moved, s.period));
    case kWavyCrescent:
      return edge(scene::wave(moved.x + 0.15F * std::sin(7 * p.y), s.period));
    case kSpeckledHeart: {
      const float scale = 2.2F / s.period;
      return edge((scene::noise({scale * moved.x, scale * moved.y}, s.salt) - 0.5F) / scale);
    }
    case kSpokedHexagon:
      return edge(scene::spokes(p, 6));
    default:
      return std::clamp(0.5F + 0.5F * p.x, 0.F, 1.F);
  }
}

uint8_t to_byte(float value) { return static_cast<uint8_t>(std::clamp(value, 0.F, 1.F) * 255 + 0.5F); }

}  // namespace

int scene_label(uint32_t index) { return static_cast<int>(index % kSceneClasses); }

int draw_scene(uint64_t seed, uint32_t index, int size, uint8_t* out) {
  const Scene s = draw(seed, index);
  const float step = 2.F / static_cast<float>(size);
  const float pixel = step / s.radius;
  for (int row = 0; row < size; ++row) {
    const float y = (static_cast<float>(row) + 0.5F) * step - 1;
    for (int column = 0; column < size; ++column, out += 3) {
      const float x = (static_cast<float>(column) + 0.5F) * step - 1;
      const float shade =
          0.3F * (x * s.slope.x + y * s.slope.y) + scene::noise({2 * x + 7, 2 * y + 7}, s.salt);
      Colour colour = mix(s.ground, s.ground_far, std::clamp(shade, 0.F, 1.F));
      const float dx = (x - s.centre.x) / s.radius;
      const float dy = (y - s.centre.y) / s.radius;
      const Point p{dx * s.axis.x + dy * s.axis.y, dy * s.axis.x - dx * s.axis.y};
      if (p.x * p.x + p.y * p.y < 2.25F) {
        const float cover = std::clamp(0.5F - shape_distance(s.label, p) / pixel, 0.F, 1.F);
        if (cover > 0) colour = mix(colour, mix(s.paint, s.ink, texture(s, p, pixel)), cover);
      }
      out[0] = to_byte(colour.r);
      out[1] = to_byte(colour.g);
      out[2] = to_byte(colour.b);
    }
  }
  return s.label;
}

}  // namespace simclr
