// Collectives of tensors on GPUs: c10d's ProcessGroupNCCL.
#pragma once

#include "core/dist/backend.h"

namespace simclr::cuda {

/// Connects when the first tensor comes, on that tensor's GPU.
c10::intrusive_ptr<c10d::Backend> make_nccl(const BackendSpec& spec);

}  // namespace simclr::cuda
