/** python3 as a helper that never takes code or libraries from the folder it is run in. */

/**
 * Under -c and -m Python's search path begins with the current folder: a `torch` or `pip` that lies there would be taken.
 * PYTHONSAFEPATH is Python 3.11's; another current folder would be another Python where pyenv chooses it by folder, and
 * other files where pip's settings name relative ones.
 */
const LEAVE_FOLDER = 'import sys; sys.path[:] = [p for p in sys.path if p]; '

/** The command that runs `code` (statements, separated by semicolons). */
export function pythonCode(code: string): string[] {
  return ['python3', '-c', LEAVE_FOLDER + code]
}

/** `python3 -m module`. */
export function pythonModule(module: string): string[] {
  return pythonCode(`import runpy; runpy.run_module('${module}', run_name='__main__', alter_sys=True)`)
}

/** The environment to run them in: an empty part of PYTHONPATH (`$PYTHONPATH:/more` where it was unset) is the current folder too. */
export function pythonEnvironment(): NodeJS.ProcessEnv {
  const { PYTHONPATH, ...others } = process.env
  const named = PYTHONPATH?.split(':').filter(Boolean).join(':')
  return named ? { ...others, PYTHONPATH: named } : others
}
