// Stored images through an encoder, and a head where one is wanted: BN in evaluation mode, nothing
// differentiated, nothing changed.
#pragma once

#include <cstdint>
#include <vector>

#include "core/augment/augmenter.h"
#include "core/data/image_store.h"
#include "core/dist/part.h"
#include "core/dist/shard_pool.h"
#include "core/models/projection_head.h"
#include "core/models/resnet.h"

namespace simclr {

/// What `head` makes of the features, [indices.size(), head.out]; without layers the features. fp32 (fp64 if
/// the weights are), CPU. `weights` by shard, as Context wants them. Throws ERR_SIMCLR_INVALID_ARGUMENT where
/// a slot of the store is empty.
at::Tensor embed(const ResNet& encoder, const ProjectionHead& head,
                 const std::vector<const std::vector<at::Tensor>*>& weights, std::vector<at::Tensor>& buffers,
                 ShardPool& pool, const ImageStore& store, const Augmenter& augmenter,
                 const std::vector<uint32_t>& indices);

}  // namespace simclr
