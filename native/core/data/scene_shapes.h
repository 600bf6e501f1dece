// Shapes as signed distances and textures as signed fields, in the shape's own coordinates: centred, about
// radius 1. Distances after Inigo Quilez, "2D distance functions"; negative is inside.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace simclr::scene {

struct Point {
  float x = 0;
  float y = 0;
};

constexpr float kPi = std::numbers::pi_v<float>;

inline float length(Point p) { return std::sqrt(p.x * p.x + p.y * p.y); }

inline float disc(Point p, float radius) { return length(p) - radius; }

inline float ring(Point p, float radius, float half_width) {
  return std::abs(length(p) - radius) - half_width;
}

inline float box(Point p, float half_x, float half_y) {
  const float x = std::abs(p.x) - half_x;
  const float y = std::abs(p.y) - half_y;
  return length({std::max(x, 0.F), std::max(y, 0.F)}) + std::min(std::max(x, y), 0.F);
}

/// Folds the plane into one of `count` equal sectors around the x axis.
inline Point fold(Point p, int count) {
  const float sector = 2 * kPi / static_cast<float>(count);
  const float angle = std::atan2(p.y, p.x);
  const float folded = angle - sector * std::round(angle / sector);
  const float radius = length(p);
  return {radius * std::cos(folded), radius * std::sin(folded)};
}

/// Regular polygon around a circle of radius `apothem`.
inline float polygon(Point p, int corners, float apothem) { return fold(p, corners).x - apothem; }

/// Star whose tips lie at radius 1 and whose inner corners lie at radius `inner`.
inline float star(Point p, int tips, float inner) {
  const Point q = fold(p, tips);
  const float half = kPi / static_cast<float>(tips);
  const Point corner{inner * std::cos(half), inner * std::sin(half)};
  // Signed distance to the line from the tip (1, 0) to the inner corner.
  const float dx = corner.x - 1;
  const float dy = corner.y;
  return (dy * (q.x - 1) - dx * std::abs(q.y)) / std::sqrt(dx * dx + dy * dy);
}

inline float cross(Point p, float arm) { return std::min(box(p, 1, arm), box(p, arm, 1)); }

inline float crescent(Point p) { return std::max(disc(p, 1), -disc({p.x - 0.55F, p.y}, 0.8F)); }

/// Two discs on a square that stands on its corner.
inline float heart(Point p) {
  constexpr float kDiagonal = std::numbers::sqrt2_v<float> / 2;
  const Point turned{kDiagonal * (p.x + p.y), kDiagonal * (p.y - p.x)};
  constexpr float kHalf = 0.55F;
  const float square = box(turned, kHalf, kHalf);
  return std::min(
      {square, disc({turned.x, turned.y + kHalf}, kHalf), disc({turned.x + kHalf, turned.y}, kHalf)});
}

/// Triangle wave of the given period: positive in one half of it, negative in the other, slope 1.
inline float wave(float x, float period) {
  const float phase = x / period;
  return period * (std::abs(phase - std::floor(phase) - 0.5F) - 0.25F);
}

inline float dots(Point p, float period) {
  const float x = p.x - period * std::round(p.x / period);
  const float y = p.y - period * std::round(p.y / period);
  return 0.33F * period - length({x, y});
}

inline float checks(Point p, float period) {
  const float x = wave(p.x, period);
  const float y = wave(p.y, period);
  return std::copysign(std::min(std::abs(x), std::abs(y)), x * y);
}

inline float grid(Point p, float period) {
  return std::max(std::abs(wave(p.x, period)), std::abs(wave(p.y, period))) - 0.14F * period;
}

/// Radial wedges; the field is the distance to a wedge's edge.
inline float spokes(Point p, int count) {
  const float radius = length(p);
  return radius * wave(std::atan2(p.y, p.x), 2 * kPi / static_cast<float>(count));
}

/// A number in 0..1 for a lattice point.
inline float lattice(int x, int y, uint32_t salt) {
  uint32_t h = salt ^ (static_cast<uint32_t>(x) * 0x9e3779b1U) ^ (static_cast<uint32_t>(y) * 0x85ebca77U);
  h = (h ^ (h >> 15)) * 0x2c1b3c6dU;
  h = (h ^ (h >> 12)) * 0x297a2d39U;
  return static_cast<float>((h ^ (h >> 15)) >> 8) / 16777216.F;
}

/// Value noise in 0..1 on a lattice of unit spacing.
inline float noise(Point p, uint32_t salt) {
  const float fx = std::floor(p.x);
  const float fy = std::floor(p.y);
  const int x = static_cast<int>(fx);
  const int y = static_cast<int>(fy);
  const auto ease = [](float t) { return t * t * (3 - 2 * t); };
  const float u = ease(p.x - fx);
  const float v = ease(p.y - fy);
  return std::lerp(std::lerp(lattice(x, y, salt), lattice(x + 1, y, salt), u),
                   std::lerp(lattice(x, y + 1, salt), lattice(x + 1, y + 1, salt), u), v);
}

}  // namespace simclr::scene
