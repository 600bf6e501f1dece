import { expect } from 'chai'
import { Encoder } from '../../lib/encoder.ts'
import { firstHost, isRestart, placement } from '../../lib/launch/placement.ts'
import { train } from '../../lib/train.ts'
import { withEnvironment } from '../support/environment.ts'
import { rejection } from '../support/rejection.ts'
import { tiny } from '../support/tiny.ts'

describe('placement', () => {
  it('is null for a process alone', () => {
    expect(placement({})).to.equal(null)
    expect(placement({ RANK: '0', WORLD_SIZE: '1' })).to.equal(null)
    expect(placement({ SLURM_PROCID: '0', SLURM_NTASKS: '4' }), 'a batch script is no rank').to.equal(null)
  })

  it('torchrun: its agent serves the store, and keeps it over attempts that every node counts for itself', () => {
    const env = {
      ...{ RANK: '3', WORLD_SIZE: '4', LOCAL_RANK: '1', LOCAL_WORLD_SIZE: '2' },
      ...{ MASTER_ADDR: 'gpu03', MASTER_PORT: '4711', TORCHELASTIC_USE_AGENT_STORE: 'True' },
      ...{ TORCHELASTIC_RESTART_COUNT: '2', TORCHELASTIC_RUN_ID: 'job' },
    }
    expect(placement(env)).to.deep.equal({
      ...{ rank: 3, size: 4, localRank: 1, localSize: 2, host: 'gpu03', port: 4711 },
      ...{ servesStore: false, storeOutlives: true, generation: 'job-4' },
    })
    expect(placement({ ...env, TORCHELASTIC_RESTART_COUNT: '3' })).to.deep.equal(placement(env))
    expect(placement({ ...env, RANK: '0' })!.servesStore).to.equal(false)
  })

  it('Kubernetes and by hand: rank 0 serves the store', () => {
    const env = { RANK: '0', WORLD_SIZE: '2', MASTER_ADDR: 'job-master-0', MASTER_PORT: '23456' }
    expect(placement(env)).to.deep.include({ rank: 0, servesStore: true, host: 'job-master-0', port: 23456 })
    expect(placement({ ...env, RANK: '1' })).to.deep.include({ servesStore: false, localRank: 0 })
  })

  it('SLURM: the first node serves the store, on a port of the job', () => {
    const env = {
      ...{ SLURM_STEP_NUM_TASKS: '6', SLURM_PROCID: '4', SLURM_LOCALID: '0', SLURM_NODEID: '2' },
      ...{
        SLURM_STEP_NODELIST: 'gpu[03-05]',
        SLURM_STEP_TASKS_PER_NODE: '2(x2),1,1',
        SLURM_JOB_ID: '123456',
      },
      SLURM_STEP_ID: '0',
    }
    expect(placement(env)).to.deep.equal({
      ...{ rank: 4, size: 6, localRank: 0, localSize: 1, host: 'gpu03', port: 20_000 + (123456 % 12_000) },
      ...{ servesStore: false, storeOutlives: false, generation: '123456-0-0' },
    })
    const another = placement({ ...env, SLURM_STEP_ID: '1' })!
    expect(another.port, 'two steps of a job at once').to.not.equal(placement(env)!.port)
    expect(another.generation).to.equal('123456-1-0')
  })

  it('takes the first host of a node list', () => {
    for (const [list, host] of [
      ['n1', 'n1'],
      ['n1,n2', 'n1'],
      ['gpu[03-05,09],login1', 'gpu03'],
      ['a-b[7]', 'a-b7'],
      ['rack[1-2]n[03-04]', 'rack1n03'],
      ['rack[1,3]n[3-4,7],login[1-2]', 'rack1n3'],
      ['tux[1-2]-ib', 'tux1-ib'],
      ['tux[008-010]-ib,tux[1-2]', 'tux008-ib'],
      ['127.0.0.[1-2]', '127.0.0.1'],
    ] as const) {
      expect(firstHost(list)).to.equal(host)
    }
  })

  it('refuses values that make no sense, naming the variable', () => {
    expect(() => placement({ RANK: '0' })).to.throw(/`WORLD_SIZE` but received nothing/)
    expect(() => placement({ RANK: 'x', WORLD_SIZE: '2' })).to.throw(/`RANK` but received x/)
    expect(() => placement({ RANK: '2', WORLD_SIZE: '2' })).to.throw(/below the 2/)
    expect(() => placement({ RANK: '0', WORLD_SIZE: '2', MASTER_PORT: '0' })).to.throw(/MASTER_PORT/)
  })

  it('knows a restart by torchrun and by SLURM', () => {
    expect([{}, { TORCHELASTIC_RESTART_COUNT: '0' }].map(isRestart)).to.deep.equal([false, false])
    expect(isRestart({ TORCHELASTIC_RESTART_COUNT: '1' })).to.equal(true)
    expect(isRestart({ SLURM_RESTART_COUNT: '2' })).to.equal(true)
  })

  it('of no sense stops a run, and is no matter of an encoder', async () => {
    using _env = withEnvironment({ RANK: '3', WORLD_SIZE: undefined })
    ;(await Encoder.random({ arch: 'resnet18', width: 0.25, stem: 'cifar' })).dispose()
    const refused = await rejection(train(tiny))
    expect(refused.message).to.contain('RANK and WORLD_SIZE go together')
  })
})
