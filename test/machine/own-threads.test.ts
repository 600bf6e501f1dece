import path from 'node:path'
import { expect } from 'chai'
import { versions } from '../../lib/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { runNative } from '../support/native.ts'

describe("LibTorch's threads for a thread", function () {
  this.timeout(120_000)
  const folder = temporaryFolder()

  it('are as many as it has set, even if another sets its own before the first work', () => {
    const libtorch = versions().libtorchPath
    const libraries = path.join(libtorch, 'lib')
    const includes = ['include', 'include/torch/csrc/api/include'].map((name) => path.join(libtorch, name))
    const said = runNative('own_threads', {
      output: folder('test'),
      sources: ['native/core/machine/own_threads.cc'],
      // Hidden, as in the addon: LibTorch's inline functions are this program's own then.
      flags: [
        ...['-fopenmp', '-fvisibility=hidden'],
        ...includes.flatMap((folder) => ['-isystem', folder]),
        ...[`-L${libraries}`, `-Wl,-rpath,${libraries}`, '-Wl,--no-as-needed', '-ltorch_cpu', '-lc10'],
      ],
      sanitizer: 'undefined',
    })
    expect(said).to.equal('ok\n')
  })
})
