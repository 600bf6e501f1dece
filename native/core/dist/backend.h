// What carries the collectives of a device's tensors between ranks.
#pragma once

#include <ATen/ATen.h>
#include <c10/util/intrusive_ptr.h>

#include <chrono>

namespace c10d {
class Backend;  // their headers are slow to compile
class Store;
}  // namespace c10d

namespace simclr {

struct BackendSpec {
  c10::intrusive_ptr<c10d::Store> store;  ///< with keys of its own
  int rank = 0;
  int size = 1;
  std::chrono::milliseconds timeout{};  ///< of a collective
};

}  // namespace simclr
