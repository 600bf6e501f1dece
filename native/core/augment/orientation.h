// Flips and quarter turns of a square view as one change of indices: no operator of its own, but another
// order of reading or storing what is read or stored anyway.
#pragma once

#include "core/augment/parameters.h"
#include "core/host_device.h"

namespace simclr {

/// One of the square's eight symmetries. What was cropped is reversed first, then transposed.
struct Orientation {
  bool reverse_columns = false;
  bool reverse_rows = false;
  bool transposed = false;
};

/// Left-right flip, top-bottom flip, then quarter turns counter-clockwise, each of which is a left-right flip
/// and a transposition; a flip that comes before a transposition is one of the other axis after it.
SIMCLR_HD inline Orientation orientation(const ViewParameters& view) {
  const int turns = view.turns;
  return {view.flip != (turns == 1 || turns == 2), view.vertical_flip != (turns == 2 || turns == 3),
          turns % 2 == 1};
}

struct Place {
  int y, x;
};

/// Where pixel (y, x) of a view of this orientation lies in what was cropped.
SIMCLR_HD inline Place upright(const Orientation& of, int size, int y, int x) {
  const int row = of.transposed ? x : y, column = of.transposed ? y : x;
  return {of.reverse_rows ? size - 1 - row : row, of.reverse_columns ? size - 1 - column : column};
}

}  // namespace simclr
