// CRC-32 as in zip, PNG and zlib (polynomial 0xEDB88320), eight bytes at a time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simclr {

uint32_t crc32(const uint8_t* data, size_t size);

}  // namespace simclr
