/**
 * Types of options, written by scripts/option-types.ts from the schemas that validate them. A § without a name is of the
 * SimCLR paper (arXiv 2002.05709), tf2/ its code, google-research/simclr.
 */

/** How images are prepared for an encoder. */
export interface PreprocessingOptions {
  /**
   * Height and width that images are brought to, pixels. An integer from 8 to 1024. Default: from the file;
   * untrained: 224.
   */
  imageSize?: number | undefined
  /**
   * Resampling as in the augmentation of google-research/simclr ('paper') or torchvision ('torch'). Default:
   * from the file; untrained: as training has it.
   */
  convention?: 'paper' | 'torch' | undefined
  /**
   * What is subtracted from each channel of [0, 1], and what it is divided by; null: nothing. Null or { mean,
   * std }, three numbers each of at least 0 and 1e-6. Default: from the file; untrained: as training has it.
   */
  normalize?: { mean: [number, number, number]; std: [number, number, number] } | null | undefined
}

/** How an encoder computes, wherever it is from. */
export interface EncoderOptions {
  /**
   * Where to compute; 'auto' takes a GPU where there is one and says what it took. 'auto', 'cpu', 'cuda' or
   * 'cuda:N'. Default: auto.
   */
  device?: string | undefined
  /** Arithmetic of the encoder; tf32 needs a GPU. Default: fp32. */
  precision?: 'fp32' | 'tf32' | 'bf16' | 'fp16' | 'fp64' | undefined
  /**
   * CPU threads that share a batch; 'auto': as many as there are cores. 'auto' or an integer from 1 to 1024.
   * Default: auto.
   */
  threads?: 'auto' | number | undefined
  /**
   * How images are prepared, where it is not what the file says. A state dict of torchvision's says nothing:
   * 224 pixels (CIFAR stem: 32), ImageNet's mean and deviation. Default: from the file.
   */
  preprocessing?: PreprocessingOptions | undefined
}

/** What `Encoder.load` takes beside a file. */
export interface LoadOptions extends EncoderOptions {
  /**
   * What images become: the encoder's features h, or what its projection head makes of them, z, which NT-Xent
   * compares ('projection'), or what the head's first layer does, after BatchNorm and ReLU ('hidden'). An
   * encoder.safetensors has thrown its head away: name a run folder or a checkpoint. Default: features.
   * Source: §2.1, §4.2; SimCLR v2 §2.
   */
  output?: 'features' | 'hidden' | 'projection' | undefined
}

/** What `Encoder.random` takes beside architecture and preprocessing. */
export interface RandomOptions extends EncoderOptions {
  /** Everything random is a function of it. An integer of at least 0. Default: 0. */
  seed?: number | undefined
}

/** What `Encoder.embed`, `embedBatches` and `classify` take beside images. */
export interface EmbedOptions {
  /** Ends the call with its reason, between two batches at the latest. An AbortSignal. Default: none. */
  signal?: AbortSignal | undefined
}
