/** The public surface. */
export {
  SimclrError,
  type SimclrErrorCode,
  type SimclrErrorOptions,
  type UnusableInput,
} from './addon/errors.ts'
export type {
  Arch,
  Convention,
  EncoderSpec,
  NativeTensor,
  Precision,
  RawImage,
  Stem,
  StepResult,
} from './addon/interface.ts'
export type { UntrainedSpec } from './config/encoder-options.ts'
export type { Complete } from './config/layers.ts'
export type { TrainOptions } from './config/options.ts'
export { type Preset, presets } from './config/presets.ts'
export type { Decider, Reason } from './config/reason.ts'
export type { Resolution, ResolvedConfig } from './config/resolved.ts'
export type { Scaling, ScheduleSettings } from './config/schedule.ts'
export type { PresetName, TrainSettings } from './config/settings.ts'
export type {
  ArchitectureOptions,
  AugmentOptions,
  CheckpointOptions,
  DistillationOptions,
  DistributedOptions,
  HeadOptions,
  LossOptions,
  OnlineProbeOptions,
  OptimizerOptions,
  ScheduleOptions,
  ValidationOptions,
} from './config/types/groups.ts'
export type { DataInput } from './data/open.ts'
export type { SharedImages } from './data/shared.ts'
export type { ImageArray, PixelArray } from './data/sources/memory.ts'
export type { ImageInput, ImageSource, Skipped, SkipReason } from './data/types.ts'
export {
  type Classification,
  type EmbedOptions,
  Encoder,
  type EncoderOptions,
  type EncoderOutput,
  type Features,
  type LoadOptions,
  type PreprocessingOptions,
  type RandomOptions,
} from './encoder.ts'
export { type EvaluateResult, evaluate } from './evaluate/evaluate.ts'
export type { TriedL2 } from './evaluate/l2.ts'
export type {
  ClassifierEvaluation,
  EvaluateOptions,
  KnnEvaluation,
  LinearEvaluation,
  ProbeName,
} from './evaluate/options.ts'
export type { ClassAccuracy, Scores } from './evaluate/scores.ts'
export type { AnyEvaluateOptions } from './evaluate/types.ts'
export { type Device, getDevices, type Versions, versions } from './machine.ts'
export * from './ops/index.ts'
export type { Best } from './run/best.ts'
export type { EpochEvent, StepEvent, TrainEvent } from './run/events.ts'
export type { Run } from './run/result.ts'
export { train } from './train.ts'
export type { Preprocessing } from './weights/encoder-file.ts'
export type { ForeignWeights } from './weights/foreign-keys.ts'
