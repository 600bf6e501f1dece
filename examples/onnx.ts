import { readFile } from 'node:fs/promises'
import { InferenceSession, Tensor } from 'onnxruntime-web'
import { Encoder } from 'simclr'

const encoder = await Encoder.load('runs/photos')
await encoder.save('encoder.onnx')
encoder.dispose()

// From here on without simclr; in a browser, `fetch` the file.
const session = await InferenceSession.create(await readFile('encoder.onnx'))
const grey = new Float32Array(3 * 32 * 32).fill(0.5) // red, green and blue planes of 32 px, from 0 to 1
const { features } = await session.run({ images: new Tensor('float32', grey, [1, 3, 32, 32]) })
console.log(features?.dims)
