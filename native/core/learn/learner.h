// SimCLR's learning step (Chen et al. 2020, algorithm 1; tf2/run.py): all views of a batch through one
// encoder and one head, NT-Xent, an optional online linear head, one optimizer update; or, fine-tuning,
// through the encoder, the layers of the head that are kept and the linear head, with cross entropy alone,
// against labels or a teacher.
// Knows nothing of Node or of the loop around it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/data/batch.h"
#include "core/device_kernels.h"
#include "core/dist/roll_call.h"
#include "core/dist/shard_pool.h"
#include "core/learn/distillation_loss.h"
#include "core/learn/embedding.h"
#include "core/learn/loss_scale.h"
#include "core/learn/precision.h"
#include "core/learn/replicas.h"
#include "core/learn/step_graphs.h"
#include "core/learn/teacher.h"
#include "core/loss/nt_xent.h"
#include "core/machine/tensor_memory.h"
#include "core/models/simclr_network.h"
#include "core/optim/optimizer.h"

namespace simclr {

/// Whether steps are recorded and replayed (learn/step_graphs.h). kTry: where recording fails, steps go on as
/// they are; kMust: that is an error; kRehearse: as kTry, computed anew at every replay, on any device.
enum class GraphMode { kOff, kTry, kMust, kRehearse };

struct LearnerSpec {
  EncoderSpec encoder;
  HeadSpec head;
  NtXentOptions loss;
  OptimizerSpec optimizer;
  int64_t classes = 0;      ///< of the linear head; 0 = none
  bool supervised = false;  ///< cross entropy of the linear head, on `head.keep` layers, trains the encoder
  std::optional<TeacherSpec> teacher;  ///< of a supervised learner: it learns what this one says
  DistillationOptions distillation;    ///< from the teacher
  double label_smoothing = 0;          ///< of a supervised learner
  double encoder_lr_scale = 1;   ///< of a supervised one: times the learning rate of all but the linear head
  double max_gradient_norm = 0;  ///< of all gradients together, longer ones are shortened to it; 0: none are
  int fine_tune_after_block = -1;  ///< of a supervised one: the stem (0) and groups up to this one are frozen
  Precision precision = Precision::fp32;
  std::string device = "cpu";
  int shards = 1;           ///< threads that share a batch (CPU)
  bool exact_sums = false;  ///< products of weights are summed in double: slow, and alike on every machine
  bool recompute = false;   ///< activations inside blocks: computed twice instead of kept
  int64_t chunk_size = 0;   ///< images of this rank in the network at a time, about; 0: all of a batch
  bool frozen_batch_norm = false;  ///< running statistics, which stay, in place of the batch's
  uint64_t seed = 0;
  GraphMode graph = GraphMode::kOff;

  std::shared_ptr<ProcessGroup> processes;  ///< ranks that share every batch; null: this process alone
  bool global_batch_norm = true;            ///< statistics of the whole batch; false: of each rank's part
  bool global_negatives = true;             ///< negatives from the whole batch; false: from each rank's part
  BucketOptions buckets;
};

/// Values of one step; NaN on the meta device, which has no values.
struct StepResult {
  double loss = 0;         ///< NT-Xent, or what a supervised learner learns by
  bool contrasted = true;  ///< whether the two below mean anything
  double contrastive_accuracy = 0;
  double entropy = 0;
  bool probed = false;  ///< whether the two below mean anything
  double probe_loss = 0;
  double probe_accuracy = 0;
  double weight_decay_loss =
      0;  ///< of the linear head, part of the differentiated loss under LARS (tf2/model.py)
  double gradient_norm = 0;  ///< 0 of a skipped step
  double loss_scale = 0;     ///< that the gradients were computed with; 0: none (LossScale)
  bool skipped = false;      ///< a scaled gradient was not finite: nothing was updated but running statistics
  double augment_seconds = 0;
  double step_seconds = 0;
  enum class ViewsOn { kGiven, kCpu, kDevice } views_on = ViewsOn::kGiven;  ///< where the views were made
  std::string views_problem;  ///< why not on the device, which has kernels for them; told once
  bool replayed = false;      ///< from a recording
  std::string graph_problem;  ///< why steps are not recorded from here on; told once
  bool stop_asked = false;    ///< some rank wants all to stop after this step
};

struct ForwardResult {
  at::Tensor features;             ///< [N, F]
  at::Tensor hidden;               ///< [N, head.hidden] or undefined
  at::Tensor projections;          ///< [N, dim]
  std::vector<at::Tensor> groups;  ///< NHWC, stem and four groups, if asked for
};

class Learner {
 public:
  /// Throws ERR_SIMCLR_INVALID_ARGUMENT for a network or device there is none of, and for a step that cannot
  /// be recorded where it shall be.
  explicit Learner(const LearnerSpec& spec);

  int64_t feature_dim() const { return net_.encoder.feature_dim; }
  int64_t parameter_count(const std::string& prefix) const { return net_.parameters.count(prefix); }

  /// One update from a batch in `loss.views` views.
  StepResult step(const Batch& batch, double lr);

  /// One update from given views: NHWC [views B, H, W, 3], first views first. `labels`: int64 [B] or
  /// undefined; -1 = none.
  StepResult step_views(const at::Tensor& views, const at::Tensor& labels, double lr);

  /// The same without the update; running statistics do move. `gradients` receives them under the names of
  /// the parameters that are trained.
  StepResult gradients(const at::Tensor& views, const at::Tensor& labels,
                       std::vector<NamedTensor>& gradients);

  /// images NHWC [N, H, W, 3]. `training`: batch statistics (running ones move), but for what is frozen; else
  /// evaluation mode.
  ForwardResult forward(const at::Tensor& images, bool training, bool groups);

  /// Features [indices.size(), F], fp32 or fp64, CPU.
  at::Tensor embed(const ImageStore& store, const Augmenter& augmenter, const std::vector<uint32_t>& indices);

  /// Parameters, frozen ones too, buffers, the optimizer's state (Optimizer::state) under `optimizer.` and,
  /// in fp16, `loss_scale`; CPU copies.
  std::vector<NamedTensor> state() const;

  /// Strict; `optimizer.*` may be absent altogether, and so may `loss_scale`, which other precisions pass
  /// over. Changes nothing if it throws.
  void load(const std::vector<NamedTensor>& tensors);

  /// Rank 0's weights, buffers and optimizer state become everybody's. All ranks call it.
  void share_state();

 private:
  /// Makes one shard's input: its images' first views, then their second views and so on,
  /// [views b, 3, H, W].
  using MakeInput = std::function<at::Tensor(Span images)>;

  /// A whole step, recorded and replayed where the spec says so.
  StepResult advance(int64_t images, const at::Tensor& labels, double lr, const MakeInput& input);
  /// The same on memory that stays where it is, weights and all.
  StepResult step_on_memory(int64_t images, const at::Tensor& labels, double lr, const MakeInput& input);
  /// `lr`: of the step that this is part of; ranks must agree on it.
  StepResult differentiate(int64_t images, const at::Tensor& labels, double lr, const MakeInput& input);

  /// A batch on its way through the network.
  struct Work {
    int64_t images;     ///< of this rank
    at::Tensor labels;  ///< undefined where nothing is learnt of them
    bool probe;         ///< the linear head learns, and in a supervised learner the encoder with it
    double decay;       ///< of the linear head, in the loss
    const MakeInput& input;
    const RollCall& roll;
    std::vector<at::Tensor> scalars;  ///< of the result, on shard 0
    double augment_seconds = 0;
  };

  Work work_of(int64_t images, const at::Tensor& labels, const MakeInput& input, const RollCall& roll) const;
  /// Queues loss and gradients; returns what `report` reads, double. Reads nothing back.
  at::Tensor compute(Work& work);
  /// Waits for what `compute` returned: the one read-back of a step.
  StepResult report(const Work& work, const at::Tensor& values) const;

  /// Gradients of the batch's loss, collected; all activations at once.
  void differentiate_whole(Work& work);
  /// The same chunk after chunk (learn/cached_gradient.cc).
  void differentiate_in_chunks(Work& work, int64_t chunks);
  /// How many chunks every shard of every rank divides its images into.
  int64_t chunks_of(const RollCall& roll) const;

  Context context(int shard, Group& group, bool track, bool recompute);
  /// `images` of this shard, timed on shard 0.
  at::Tensor make_input(Work& work, int shard, Span images) const;
  SupervisedLoss probe_loss(const Work& work, int shard, const at::Tensor& features, Group& group);

  /// What every rank brings to this batch. Throws ERR_SIMCLR_RANK where they are not at the same step.
  RollCall call_roll(int64_t images, double lr);

  struct Contrast {
    at::Tensor differentiated;  // summed over members: the batch's loss
    at::Tensor loss, contrastive_accuracy, entropy;
  };
  /// What a step makes of a shard's features.
  struct Losses {
    at::Tensor differentiated;        ///< summed over members: what the step minimises
    std::vector<at::Tensor> scalars;  ///< what shard 0 tells of it
  };
  /// `wanted`: what the teacher says of these images; undefined without one.
  Losses losses(const Context& context, const Work& work, int shard, const at::Tensor& features,
                const at::Tensor& wanted, Group& group);
  /// Of the linear head that trains the encoder.
  SupervisedLoss learner_loss(const Work& work, int shard, const at::Tensor& features,
                              const at::Tensor& wanted, Group& group);
  /// Labels of a shard's images; undefined where the step has none.
  at::Tensor labels_of(const Work& work, int shard) const;
  /// Is there anything that is learnt of labels alone?
  bool needs_labels() const { return spec_.supervised && (!teacher_ || spec_.distillation.weight < 1); }
  /// What shard 0 tells of a step.
  static std::vector<at::Tensor> scalars_of(const Contrast& contrastive, const SupervisedLoss& supervised);
  Contrast contrast(const at::Tensor& z, int shard, Group& group, const RollCall& roll);
  /// What is differentiated in place of `loss`.
  at::Tensor scaled(const at::Tensor& loss) const;
  void unscale(StepResult& result);
  void update(const StepResult& step, double lr);
  /// By the optimizer's learning rate. `gradient_norm`: as the step's result has it, on any device.
  void advance_weights(const at::Tensor& gradient_norm);
  /// What a step of so many images has thrown, in words for people where memory ran out.
  [[noreturn]] void rethrow(int64_t images) const;
  std::unique_ptr<WorkRecorder> recorder() const;
  MakeInput from_views(const at::Tensor& views) const;

  /// What a recorded step works on.
  struct StepMemory {
    at::Tensor views;   ///< as the network takes them
    at::Tensor labels;  ///< undefined where nothing is learnt of them
    at::Tensor values;  ///< of the result
  };

  KeptTensorMemory memory_;  // first: it goes last
  LearnerSpec spec_;
  int64_t batches_ = 0;
  at::Device device_;
  SimclrNetwork net_;
  ShardPool pool_;
  std::unique_ptr<Teacher> teacher_;  ///< null: labels alone
  std::unique_ptr<Replicas> replicas_;
  std::unique_ptr<Optimizer> optimizer_;
  std::optional<LossScale> loss_scale_;        ///< in fp16
  std::unique_ptr<DeviceViews> device_views_;  ///< null: views are made on the CPU
  std::string views_problem_;                  ///< the last that was told
  std::unique_ptr<StepGraphs<StepMemory>>
      graphs_;  ///< null: steps are not recorded. Last: it uses the others
};

}  // namespace simclr
