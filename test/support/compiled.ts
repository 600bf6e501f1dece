/** Loaded before any test: dist/, which the tests of the command line run, is compiled from what lib/ is now. */
import { compileTypeScript } from '../../scripts/bootstrap/typescript.mjs'

compileTypeScript()
