// Who gets which rows.
#pragma once

#include <cstdint>

namespace simclr {

/// Rows `[begin, end)`.
struct Span {
  int64_t begin, end;
};

/// What belongs to part `part` of `parts` of `count` rows: contiguous, sizes differ by at most one.
inline Span part_of(int64_t count, int part, int parts) {
  return {count * part / parts, count * (part + 1) / parts};
}

}  // namespace simclr
