#include "core/machine/own_threads.h"

#include <ATen/Parallel.h>

namespace simclr {

// at::set_num_threads sets OpenMP's count, which is the calling thread's alone, and the default of every
// thread that asks later. So whoever sets one puts the default back, and each thread of ours sets its own.

void take_usual_threads() {
  static const int usual = at::get_num_threads();
  at::set_num_threads(usual);
}

OwnThreads::OwnThreads(int count) : before_(at::get_num_threads()) { at::set_num_threads(count); }

OwnThreads::~OwnThreads() { at::set_num_threads(before_); }

}  // namespace simclr
