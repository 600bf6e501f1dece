// Procedural images for tests and benchmarks: one textured shape on a shaded background, ten classes, any
// size.
//
// A class is a shape together with a texture. Place, size, rotation, both colours and the background are
// drawn anew for every image, so that single pixels and the mean colour say little about the class (a linear
// classifier on raw pixels reaches two to three times chance) while a small convolutional network learns it.
#pragma once

#include <cstdint>

namespace simclr {

constexpr int kSceneClasses = 10;
constexpr int kSceneMinSize = 8;
constexpr int kSceneMaxSize = 4096;

/// The class of a scene, 0 to 9: striped disc, dotted square, checked triangle, banded star, plain ring,
/// gridded cross, wavy crescent, speckled heart, spoked hexagon, shaded bar. Ten consecutive scenes hold each
/// class once.
int scene_label(uint32_t index);

/// Draws scene `index`: `size` x `size` pixels of 3 interleaved bytes. A function of (seed, index, size)
/// alone, and the same picture at every size. Returns the label.
int draw_scene(uint64_t seed, uint32_t index, int size, uint8_t* out);

}  // namespace simclr
