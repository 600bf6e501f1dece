// A warp's matrix products of 16x8x16 halves with float sums, and what feeds them. On the host executor the
// same fragments are exchanged lane by lane, as the PTX manual lays them out (mma.m16n8k16, ldmatrix): wrong
// fragments give wrong products there too.
//
// Fragments by lane, g = lane / 4, q = 2 * (lane % 4), two halves in a register:
//   A (16x16): a0 [g][q], a1 [g + 8][q], a2 [g][q + 8], a3 [g + 8][q + 8]
//   B (16x8):  b0 [q][g], b1 [q + 8][g]
//   C (16x8):  c0 c1 [g][q], c2 c3 [g + 8][q]
#pragma once

#include <cstdint>

#include "cuda/element.h"
#include "cuda/launch.h"

namespace simclr::cuda {

__device__ inline uint32_t pack_halves(float low, float high) {
#ifdef __CUDA_ARCH__
  uint32_t out;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(out) : "f"(high), "f"(low));
  return out;
#else
  return from_float<Half>(low).bits | static_cast<uint32_t>(from_float<Half>(high).bits) << 16;
#endif
}

#ifdef SIMCLR_HOST_EXECUTOR

namespace host {

/// Everybody's `value`, by lane.
template <class T>
struct Gathered {
  T lanes[kWarp];
};
template <class T>
Gathered<T> gather(const T& value) {
  Block& block = *Block::current_block;
  static_assert(sizeof(T) <= 64);
  std::memcpy(block.slot(block.lane()), &value, sizeof(T));
  block.wait_warp();
  Gathered<T> all;
  for (int lane = 0; lane < kWarp; ++lane) std::memcpy(&all.lanes[lane], block.slot(lane), sizeof(T));
  block.wait_warp();
  return all;
}

inline float half_of(uint32_t two, int which) {
  return to_float(Half{static_cast<uint16_t>(which == 0 ? two & 0xffffu : two >> 16)});
}

}  // namespace host

/// c += a b
inline void multiply_add(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  struct Operands {
    uint32_t a[4], b[2];
  };
  const auto all = host::gather(Operands{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}});
  const int lane = host::Block::current_block->lane(), g = lane / 4, q = 2 * (lane % 4);
  for (int i = 0; i < 4; ++i) {
    const int row = g + (i < 2 ? 0 : 8), column = q + i % 2;
    for (int k = 0; k < 16; ++k) {
      const Operands& left = all.lanes[row % 8 * 4 + k % 8 / 2];
      const Operands& right = all.lanes[column * 4 + k % 8 / 2];
      c[i] += host::half_of(left.a[(row >= 8 ? 1 : 0) + (k >= 8 ? 2 : 0)], k % 2) *
              host::half_of(right.b[k >= 8 ? 1 : 0], k % 2);
    }
  }
}

/// Four 8x8 matrices of halves from shared memory; lanes 8i .. 8i + 7 name the rows of matrix i.
inline void load_matrices(uint32_t (&out)[4], const Half* row) {
  const auto rows = host::gather(row);
  const int lane = host::Block::current_block->lane();
  for (int i = 0; i < 4; ++i) std::memcpy(&out[i], rows.lanes[8 * i + lane / 4] + 2 * (lane % 4), 4);
}

/// The same, each matrix transposed.
inline void load_matrices_transposed(uint32_t (&out)[4], const Half* row) {
  const auto rows = host::gather(row);
  const int lane = host::Block::current_block->lane(), q = 2 * (lane % 4), column = lane / 4;
  for (int i = 0; i < 4; ++i) {
    const uint32_t low = rows.lanes[8 * i + q][column].bits, high = rows.lanes[8 * i + q + 1][column].bits;
    out[i] = low | high << 16;
  }
}

/// 16 bytes from global to shared memory, zeros unless `valid`; there after wait_copies and a barrier.
inline void copy_async(void* shared, const void* global, bool valid) {
  if (valid) {
    std::memcpy(shared, global, 16);
  } else {
    std::memset(shared, 0, 16);
  }
}
inline void commit_copies() {}
template <int kLater>
inline void wait_copies() {}

#else

__device__ inline void multiply_add(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

__device__ inline unsigned shared_address(const void* pointer) {
  return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
}

__device__ inline void load_matrices(uint32_t (&out)[4], const Half* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
               : "r"(shared_address(row))
               : "memory");
}

__device__ inline void load_matrices_transposed(uint32_t (&out)[4], const Half* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
               : "r"(shared_address(row))
               : "memory");
}

__device__ inline void copy_async(void* shared, const void* global, bool valid) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(global),
               "r"(valid ? 16 : 0)
               : "memory");
}
__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
/// All but the `kLater` newest groups have arrived.
template <int kLater>
__device__ inline void wait_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kLater) : "memory");
}

#endif

}  // namespace simclr::cuda
