/**
 * Electron's main process: `npx electron main.js RUN`. Electron forbids buffers that native code owns
 * (NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED); simclr makes none. Train with `isolate`, so that a crash is not the app's; in a
 * packaged app, unpack simclr, @simclr and sharp from the asar archive.
 */
import { app, BrowserWindow, ipcMain } from 'electron'
import { Encoder, train, versions } from 'simclr'

const run = process.argv.at(-1)

async function main() {
  await app.whenReady()
  const encoder = await Encoder.load(run)
  ipcMain.handle('embed', (_, bytes) => encoder.embed([new Uint8Array(bytes)]))
  ipcMain.handle('train', (event, folder) =>
    train({
      data: folder,
      out: `${run}-own`,
      isolate: true,
      onProgress: (progress) => event.sender.send('progress', progress),
    }),
  )
  if (process.argv.includes('--smoke')) {
    const image = { data: new Uint8Array(3072), width: 32, height: 32, channels: 3 }
    const { shape } = await encoder.embed([image])
    const again = await train({
      data: 'synthetic:scenes,count=32,size=32',
      epochs: 1,
      batchSize: 16,
      isolate: true,
      out: `${run}-smoke`,
    })
    again.encoder.dispose()
    console.log(`electron: ${shape.join(' x ')}, ${versions().binary}, Electron ${process.versions.electron}`)
    encoder.dispose()
    app.quit()
    return
  }
  new BrowserWindow()
  app.on('window-all-closed', () => app.quit())
}

main().catch((error) => {
  console.error(error)
  app.exit(1)
})
