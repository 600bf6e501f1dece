// A batch larger than memory: "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup" (Gao
// et al. 2021, GradCache). The loss needs every row of z, but a weight's gradient is a sum over images once d
// loss / d z is known: all chunks go through the network without activations, the loss and its gradient with
// respect to z are taken over the whole batch, over all shards and ranks as ever, and every chunk goes
// through once more, forward and backward from its rows of that gradient. Views are made once.
//
// Exact where an image's z does not depend on the other images: with running statistics in BatchNorm. With
// the batch's statistics (training) those are of a chunk, all shards' and ranks' parts of it: another
// function of the batch, the same in both passes, so that the gradient is exact for it. Running statistics
// move once a step, by the mean of what the chunks would have moved them.
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "core/learn/learner.h"

namespace simclr {
namespace {

/// Part `chunk` of `chunks` of these images.
Span chunk_of(Span images, int64_t chunk, int64_t chunks) {
  const Span part = part_of(images.end - images.begin, static_cast<int>(chunk), static_cast<int>(chunks));
  return {images.begin + part.begin, images.begin + part.end};
}

/// From rows of chunks, each view after view, to rows of all, view after view.
at::Tensor joined(const std::vector<at::Tensor>& chunks, int64_t views) {
  std::vector<at::Tensor> parts;
  for (int64_t view = 0; view < views; ++view) {
    for (const at::Tensor& rows : chunks) parts.push_back(rows.chunk(views, 0)[view]);
  }
  return at::cat(parts);
}

/// Running statistics that move by the mean of several passes' moves.
class MeanMove {
 public:
  explicit MeanMove(std::vector<at::Tensor>& buffers) : buffers_(buffers) {
    for (const at::Tensor& buffer : buffers) {
      before_.push_back(buffer.clone());
      move_.push_back(at::zeros_like(buffer));
    }
  }

  /// After a pass; the next one begins where this one did.
  void take(int64_t passes) {
    for (size_t i = 0; i < buffers_.size(); ++i) {
      const at::Tensor move = buffers_[i] - before_[i];
      if (at::isFloatingType(move.scalar_type())) {
        move_[i].add_(move, 1.0 / static_cast<double>(passes));
      } else {
        move_[i].copy_(move);  // counts steps, not chunks
      }
      buffers_[i].copy_(before_[i]);
    }
  }

  void settle() {
    for (size_t i = 0; i < buffers_.size(); ++i) buffers_[i].add_(move_[i]);
  }

 private:
  std::vector<at::Tensor>& buffers_;
  std::vector<at::Tensor> before_, move_;
};

/// What a shard keeps between the passes, by chunk.
struct Kept {
  std::vector<at::Tensor> inputs;
  std::vector<at::Tensor> gradients;  ///< d loss / d z
  SupervisedLoss supervised;
};

}  // namespace

int64_t Learner::chunks_of(const RollCall& roll) const {
  if (spec_.chunk_size == 0) return 1;
  int64_t chunks = 1, most = roll.images[0];
  for (size_t rank = 0; rank < roll.images.size(); ++rank) {
    chunks = std::max(chunks, (roll.images[rank] + spec_.chunk_size - 1) / spec_.chunk_size);
    most = std::min(most, roll.images[rank] / roll.shards[rank]);
  }
  return std::clamp<int64_t>(chunks, 1, std::max<int64_t>(most, 1));  // no shard is without an image
}

void Learner::differentiate_in_chunks(Work& work, int64_t chunks) {
  const int64_t views = spec_.loss.views;
  std::vector<Kept> kept(pool_.size());
  pool_.run([&](int shard, Group& group) {
    const Context context = this->context(shard, group, /*track=*/false, /*recompute=*/false);
    const Span mine = part_of(work.images, shard, pool_.size());
    std::vector<at::Tensor> features, rows;
    {
      const at::NoGradGuard no_grad;
      for (int64_t chunk = 0; chunk < chunks; ++chunk) {
        kept[shard].inputs.push_back(make_input(work, shard, chunk_of(mine, chunk, chunks)));
        features.push_back(simclr::forward(context, net_.encoder, kept[shard].inputs.back()));
        rows.push_back(simclr::forward(context, net_.head, features.back()));
      }
    }
    const at::AutoGradMode with_gradient(true);
    const at::Tensor z = joined(rows, views).requires_grad_(true);
    const Contrast contrastive = contrast(z, shard, group, work.roll);
    const at::Tensor gradient = torch::autograd::grad({scaled(contrastive.differentiated)}, {z})[0];
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
      const Span images = chunk_of({0, mine.end - mine.begin}, chunk, chunks);
      std::vector<at::Tensor> parts;
      for (const at::Tensor& view : gradient.chunk(views, 0))
        parts.push_back(view.narrow(0, images.begin, images.end - images.begin));
      kept[shard].gradients.push_back(at::cat(parts));
    }
    kept[shard].supervised = probe_loss(work, shard, joined(features, views), group);
    if (shard == 0) work.scalars = scalars_of(contrastive, kept[shard].supervised);
  });

  MeanMove move(net_.parameters.buffers());
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    const bool last = chunk + 1 == chunks;
    replicas_->begin(chunk == 0, last);
    pool_.run([&](int shard, Group& group) {
      const Context context = this->context(shard, group, /*track=*/true, spec_.recompute);
      const at::AutoGradMode with_gradient(true);
      at::Tensor x = std::move(kept[shard].inputs[chunk]);
      const at::Tensor z = simclr::forward(context, net_.head, simclr::forward(context, net_.encoder, x));
      std::vector<at::Tensor> outputs{z}, gradients{kept[shard].gradients[chunk]};
      if (last && work.probe) {
        outputs.push_back(scaled(kept[shard].supervised.differentiated));
        gradients.push_back({});
      }
      torch::autograd::backward(outputs, gradients);
    });
    const at::NoGradGuard no_grad;
    replicas_->collect(pool_);
    move.take(chunks);
  }
  move.settle();
}

}  // namespace simclr
