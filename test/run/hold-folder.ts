/** Holds the run folder named on the command line until it is killed. */
import { RunFolder } from '../../lib/run/folder.ts'

await RunFolder.open(process.argv[2]!)
process.send!('open')
setInterval(() => {}, 1000)
