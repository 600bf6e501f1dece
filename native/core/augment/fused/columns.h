// The fused path's image: columns of planes, [x][channel][y], so that a vector holds neighbours in y and a
// pixel's channels lie in three vectors. Resampling arrives at it by one transposition of rows and leaves it
// by another.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace simclr {

/// Memory that grows and is never given back while its thread lives: no allocation per view.
template <class T>
class Scratch {
 public:
  T* get(size_t count) {
    if (count > size_) {
      memory_.reset();
      size_ = 0;  // where there is no memory for more
      memory_.reset(static_cast<T*>(::operator new(count * sizeof(T), kAlign)));
      size_ = count;
    }
    return memory_.get();
  }

 private:
  static constexpr std::align_val_t kAlign{64};
  struct Free {
    void operator()(T* p) const { ::operator delete(p, kAlign); }
  };
  std::unique_ptr<T, Free> memory_;
  size_t size_ = 0;
};

/// A multiple of every vector's width that holds `count` floats.
inline constexpr int padded(int count) { return (count + 15) / 16 * 16; }

struct Columns {
  float* data = nullptr;
  int size = 0;      ///< width = height
  int channels = 3;  ///< 1: a grey image
  int stride = 0;    ///< floats from one channel of a column to the next: padded(size)

  int column_floats() const { return channels * stride; }
  float* column(int x) const { return data + static_cast<ptrdiff_t>(x) * column_floats(); }
};

}  // namespace simclr
