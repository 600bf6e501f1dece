// LibTorch's meta device (shapes without values) lacks some operators in C++; tests that run a training step
// there, to find CPU-only code, read-backs and raw pointers without a GPU, need them.
#pragma once

namespace simclr {

/// Registers what a training step needs and LibTorch leaves to Python. Once a process; harmless where it is
/// not used.
void enable_meta_device();

}  // namespace simclr
