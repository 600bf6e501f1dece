/**
 * From what the caller said to what will run, and why: preset, conventions, optimizer, data and machine each
 * decide what was left open (precedence.ts, circumstances.ts), in this one place.
 */
import { checkTogether } from './check.ts'
import { fitToCircumstances } from './circumstances.ts'
import { isNamed } from './data-input.ts'
import { Draft } from './draft.ts'
import type { RunFacts } from './facts.ts'
import { requireOwn } from './init.ts'
import { askedFor, mergeLayers } from './layers.ts'
import { notesOn } from './notes.ts'
import { checkObjective } from './objective.ts'
import { layersFor } from './precedence.ts'
import { type NotedResolution, type ResolvedConfig, scheduleSettings } from './resolved.ts'
import { totalEpochs, totalSteps, warmupSteps } from './schedule.ts'
import type { TrainSettings } from './settings.ts'
import { requireSameViews } from './teacher.ts'

/** `options` must be valid. Throws ERR_SIMCLR_INVALID_ARGUMENT or ERR_SIMCLR_DEVICE for what cannot run. */
export function resolve(options: TrainSettings, facts: RunFacts): NotedResolution {
  const { data, machine, init, teacher } = facts
  const layers = layersFor(options, facts)
  const { values, why } = mergeLayers(layers)
  if (!isNamed(options.validation?.data)) {
    delete values.validation!.data // absent, as `data` of a source in memory is
    delete why['validation.data']
  }
  const config = values as ResolvedConfig
  if (init) requireOwn(init, config)
  if (teacher) requireSameViews(teacher, config)
  fitToCircumstances(new Draft(config, { options, facts, why }))
  checkTogether(config, data)
  checkObjective(config, data)

  const schedule = scheduleSettings(config, data.images)
  const plan = {
    images: data.images,
    epochs: totalEpochs(schedule),
    steps: totalSteps(schedule),
    warmupSteps: warmupSteps(schedule),
  }
  const notes = notesOn(config, schedule, {
    isAsked: askedFor(layers),
    usualSide: init || teacher ? null : data.imageSize, // theirs is the size of views, too
    ranks: machine.ranks ?? 1,
  })
  return { config, why, plan, schedule, notes }
}
