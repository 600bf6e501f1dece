// AMX: Intel, Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1 chapter 18.
#include "core/nn/tiles.h"

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__)

#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace simclr {
namespace {

#define SIMCLR_AMX __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl")))

constexpr int64_t kTileBytes = kTileDepth * 2;  // of a row of any tile

/// 16 values each of two rows, pair by pair.
SIMCLR_AMX __attribute__((always_inline)) inline __m512i interleave(const Bf16* even, const Bf16* odd) {
  const __m512i low = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(even)));
  const __m512i high = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(odd)));
  return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

/// Transposes 16x16 numbers of 32 bits: in quarters of a vector, then the quarters.
SIMCLR_AMX __attribute__((always_inline)) inline void transpose(__m512i rows[16]) {
  __m512i other[16];
  for (int i = 0; i < 16; i += 2) {
    other[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    other[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    rows[i] = _mm512_unpacklo_epi64(other[i], other[i + 2]);
    rows[i + 1] = _mm512_unpackhi_epi64(other[i], other[i + 2]);
    rows[i + 2] = _mm512_unpacklo_epi64(other[i + 1], other[i + 3]);
    rows[i + 3] = _mm512_unpackhi_epi64(other[i + 1], other[i + 3]);
  }
  // rows[4 q + c], quarter l: column 4 l + c of rows 4 q to 4 q + 3.
  for (int c = 0; c < 4; ++c) {
    const __m512i low = _mm512_shuffle_i32x4(rows[c], rows[4 + c], 0x88);
    const __m512i high = _mm512_shuffle_i32x4(rows[8 + c], rows[12 + c], 0x88);
    const __m512i low_odd = _mm512_shuffle_i32x4(rows[c], rows[4 + c], 0xdd);
    const __m512i high_odd = _mm512_shuffle_i32x4(rows[8 + c], rows[12 + c], 0xdd);
    other[c] = _mm512_shuffle_i32x4(low, high, 0x88);
    other[8 + c] = _mm512_shuffle_i32x4(low, high, 0xdd);
    other[4 + c] = _mm512_shuffle_i32x4(low_odd, high_odd, 0x88);
    other[12 + c] = _mm512_shuffle_i32x4(low_odd, high_odd, 0xdd);
  }
  for (int i = 0; i < 16; ++i) rows[i] = other[i];
}

SIMCLR_AMX void pack_left(const Bf16* const* rows, int64_t channel, Bf16* tile) {
  __m512i pairs[kTile];
  for (int p = 0; p < kTile; ++p) pairs[p] = interleave(rows[2 * p] + channel, rows[2 * p + 1] + channel);
  transpose(pairs);
  for (int i = 0; i < kTile; ++i) _mm512_store_si512(tile + i * kTileDepth, pairs[i]);
}

SIMCLR_AMX void pack_right(const Bf16* const* rows, int64_t channel, int64_t pairs, Bf16* tiles) {
  for (int64_t p = 0; p < pairs; ++p)
    _mm512_store_si512(tiles + p * kTileDepth, interleave(rows[2 * p] + channel, rows[2 * p + 1] + channel));
}

/// Eight tiles of 16 rows of 64 bytes.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/// Tiles 0 to 3 are sums, 4 and 5 left operands, 6 and 7 right ones.
template <int kLefts, int kRights>
SIMCLR_AMX void multiply_blocks(const Bf16* const left[2], const Bf16* const right[2], int64_t depth,
                                float* sums, int64_t stride) {
  const int64_t row = stride * static_cast<int64_t>(sizeof(float));
  float* below = sums + kTile * stride;
  _tile_loadd(0, sums, row);
  if (kRights > 1) _tile_loadd(1, sums + kTile, row);
  if (kLefts > 1) _tile_loadd(2, below, row);
  if (kLefts > 1 && kRights > 1) _tile_loadd(3, below + kTile, row);
  for (int64_t d = 0; d < depth; ++d) {
    _tile_loadd(4, left[0] + d * kTileValues, kTileBytes);
    _tile_loadd(6, right[0] + d * kTileValues, kTileBytes);
    _tile_dpbf16ps(0, 4, 6);
    if (kRights > 1) {
      _tile_loadd(7, right[1] + d * kTileValues, kTileBytes);
      _tile_dpbf16ps(1, 4, 7);
    }
    if (kLefts > 1) {
      _tile_loadd(5, left[1] + d * kTileValues, kTileBytes);
      _tile_dpbf16ps(2, 5, 6);
      if (kRights > 1) _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, sums, row);
  if (kRights > 1) _tile_stored(1, sums + kTile, row);
  if (kLefts > 1) _tile_stored(2, below, row);
  if (kLefts > 1 && kRights > 1) _tile_stored(3, below + kTile, row);
}

SIMCLR_AMX void multiply(const Bf16* const left[2], int lefts, const Bf16* const right[2], int rights,
                         int64_t depth, float* sums, int64_t stride) {
  static constexpr TileConfig config;
  asm volatile("" ::: "memory");  // the intrinsics do not say that they read memory
  _tile_loadconfig(&config);
  if (lefts == 2)
    (rights == 2 ? multiply_blocks<2, 2> : multiply_blocks<2, 1>)(left, right, depth, sums, stride);
  else
    (rights == 2 ? multiply_blocks<1, 2> : multiply_blocks<1, 1>)(left, right, depth, sums, stride);
  _tile_release();  // others find no tiles in use and configure their own
}

bool has_amx() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  const bool tiles = (d >> 24 & 1) != 0, bf16 = (d >> 22 & 1) != 0;
  if (!tiles || !bf16 || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl"))
    return false;
  constexpr int kRequestPermission = 0x1023, kTileData = 18;  // asm/prctl.h
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

const TileKernels* fast_tiles() {
  static const TileKernels kernels{pack_left, pack_right, multiply};
  static const bool usable = has_amx();
  return usable ? &kernels : nullptr;
}

}  // namespace simclr

#else

namespace simclr {
const TileKernels* fast_tiles() { return nullptr; }
}  // namespace simclr

#endif
