#include "core/machine/own_threads.h"

#include <ATen/Parallel.h>

namespace simclr {
namespace {

/// LibTorch gives a thread that asks for the first time the number that any thread has set last, for good.
/// What notices a first time is an inline function's, of which LibTorch has one copy and this library
/// another. Both are asked here, before a number is set: the first parallel_for of either would undo it.
void ask_once() {
  at::internal::lazy_init_num_threads();  // this library's copy
  at::get_num_threads();                  // asks LibTorch's
}

}  // namespace

// at::set_num_threads sets OpenMP's count, which is the calling thread's alone, and the default of every
// thread that asks later. So whoever sets one puts the default back, and each thread of ours sets its own.

void take_usual_threads() {
  ask_once();
  static const int usual = at::get_num_threads();
  at::set_num_threads(usual);
}

OwnThreads::OwnThreads(int count) : before_((ask_once(), at::get_num_threads())) {
  at::set_num_threads(count);
}

OwnThreads::~OwnThreads() { at::set_num_threads(before_); }

}  // namespace simclr
