/**
 * train(): SimCLR from images to an encoder (paper, algorithm 1). The loop is here; what a step computes is
 * native, what a run writes is in run/, what the options mean is in config/.
 */
import { expected, invalid, validate } from './config/messages.ts'
import { type TrainOptions, trainOptions } from './config/options.ts'
import { defaultTimeoutSeconds } from './config/presets.ts'
import { learningRate } from './config/schedule.ts'
import { Encoder } from './encoder.ts'
import { trainInChild } from './isolate/parent.ts'
import { launch } from './launch/launch.ts'
import { Ranks } from './launch/ranks.ts'
import { claimProcess } from './run/claim.ts'
import { listening } from './run/listener.ts'
import { prepare } from './run/prepare.ts'
import type { Run, Trained } from './run/result.ts'

/**
 * Trains an encoder: without labels, with them from one that is there (`objective: 'supervised'`), or as the student of
 * one that has learnt them (`objective: 'distill'`). Resolves when the run is complete and on the disk.
 *
 * Errors: ERR_SIMCLR_INVALID_ARGUMENT, ERR_SIMCLR_DATA, ERR_SIMCLR_DEVICE, ERR_SIMCLR_BUSY (one run at a time
 * in a process and in a folder), ERR_SIMCLR_STATE (a folder that `resume` does not fit), ERR_SIMCLR_CHECKPOINT, ERR_SIMCLR_CORRUPT_FILE,
 * ERR_SIMCLR_DIVERGED, ERR_SIMCLR_OUT_OF_MEMORY, ERR_SIMCLR_IO, and where the addon cannot be loaded ERR_SIMCLR_BINARY and ERR_SIMCLR_LIBTORCH. On abort it
 * rejects with the signal's reason once a checkpoint is on the disk, and so it does where `onProgress` throws or rejects. With `isolate` also ERR_SIMCLR_PROCESS and
 * ERR_SIMCLR_OUT_OF_MEMORY where the training process died; `checkpoint` of the error is where to go on.
 *
 * With `processes`, and under torchrun, srun and the like, several processes are the ranks of one run
 * (docs/distributed.md): ERR_SIMCLR_RANK names one that is missing, has failed or differs, ERR_SIMCLR_PROCESS one that cannot be started.
 */
export async function train(options: TrainOptions = {}): Promise<Run> {
  const listened = listening(validate(trainOptions, options))
  const { weights, ...trained } = await trainWhere(listened.options)
  await listened.settled()
  const { folder, device } = trained
  const encoder = weights ? new Encoder(weights, { device }) : await Encoder.load(folder, { device })
  return { encoder, ...trained }
}

async function trainWhere(options: TrainOptions): Promise<Trained> {
  if ((options.processes ?? 1) > 1) return launch(options)
  if (options.maxRestarts) {
    const advice = 'It starts children again, and without several `processes` there are none.'
    throw invalid(expected('0', 'maxRestarts', options.maxRestarts, advice))
  }
  return options.isolate ? trainInChild(options) : trainHere(options)
}

/** @internal Trains in this process; `options` must be valid. `onLastStep`: see RanksOptions. */
export async function trainHere(options: TrainOptions, onLastStep?: () => void): Promise<Trained> {
  await using _claim = await claimProcess()
  const timeoutSeconds = options.distributed?.timeoutSeconds ?? defaultTimeoutSeconds
  return await Ranks.with({ signal: options.signal, timeoutSeconds, onLastStep }, async (ranks) => {
    await using session = await prepare(options, ranks)
    const { learner, schedule, config, first, steps } = session

    let stopAsked = false
    await session.begin()
    for (let step = first; step < steps && !session.isOver; step++) {
      if (ranks.shouldStop(stopAsked)) await session.interrupt(ranks.stopReason)
      ranks.setActivity(`step ${step}: waiting for images`)
      const asked = performance.now()
      const batch = await session.nextBatch(ranks.signal)
      const waitSeconds = (performance.now() - asked) / 1000
      const lr = learningRate(schedule, step)
      ranks.setActivity(`step ${step}`)
      const { stopAsked: stop, ...result } = await learner.step(batch, lr)
      ranks.setActivity(`step ${step}: recording it`)
      await session.record({ step, lr, waitSeconds, ...result })
      stopAsked = stop
    }

    ranks.tookLastStep()
    const { weights, ...result } = await session.finish(options.report ?? true)
    // The folder is the first rank's: others may not see it.
    const own = ranks.isFirst ? {} : { weights }
    return { device: config.device, config, rank: ranks.rank, ...result, ...own }
  })
}
