import { expect } from 'chai'
import { type End, failureOf } from '../../lib/launch/launch.ts'

describe('the error of an attempt whose rank was killed', () => {
  const killed: End = { rank: 1, exitCode: null, exitSignal: 'SIGKILL', last: null, wasKilled: false }

  it('by the kernel, for want of memory: says what needs less', () => {
    const { message } = failureOf([killed], false, true)
    expect(message).to.match(/^Rank 1 was killed by SIGKILL\. Memory ran out: start fewer `processes`/)
  })

  it('by somebody else: says that this is not known', () => {
    const { message } = failureOf([killed], false, false)
    expect(message).to.match(/^Rank 1 was killed by SIGKILL\. Somebody killed it, or a container/)
  })

  it('another signal has no such advice', () => {
    const { message } = failureOf([{ ...killed, exitSignal: 'SIGSEGV' }], false, true)
    expect(message).to.equal('Rank 1 was killed by SIGSEGV.')
  })
})
