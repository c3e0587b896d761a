import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { audioFolder, makeAudio } from './support/audio.ts'
import { admin, settled, upload } from './support/segue.ts'

const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required'

let profile: string
let browser: BrowserContext
let pages: Server
let origin: string

/** Another origin than the service's, as a player's page is. */
beforeAll(async () => {
  profile = await mkdtemp(join(tmpdir(), 'segue-browser-'))
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    args: FLAGS.split(' '),
  })
  const hls = await readFile(join(import.meta.dirname, '../../node_modules/hls.js/dist/hls.min.js'))
  pages = createServer((request, response) => {
    const isScript = request.url === '/hls.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? hls : '<!doctype html><audio></audio><script src="/hls.js"></script>')
  })
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
  const address = pages.address()
  origin = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
})

afterAll(async () => {
  await browser.close()
  pages.close()
  await rm(profile, { recursive: true, force: true })
})

describe('in a browser', () => {
  it('hls.js starts at once, seeks anywhere and ends on time', async () => {
    const owner = await admin()
    const file = await makeAudio(join(await audioFolder(), 'long.flac'), { seconds: 40, seed: 201 })
    const track = await settled(owner, (await upload(owner, file)).body.trackId)
    const playback = await owner.getPlayback({ path: { id: track.id } })
    const page = await browser.newPage()
    await page.goto(origin)
    const heard = await page.evaluate(async (url) => {
      const audio = document.querySelector('audio')
      if (!audio) throw new Error('no audio element')
      // @ts-expect-error hls.js is a global of the page
      const hls = new Hls({ maxMaxBufferLength: 60, maxBufferSize: 6e6, backBufferLength: 30 })
      const failures: string[] = []
      hls.on(
        'hlsError',
        (_: unknown, data: { details: string; fatal: boolean }) => data.fatal && failures.push(data.details),
      )
      const event = (name: string) =>
        new Promise((resolve) => audio.addEventListener(name, resolve, { once: true }))
      hls.loadSource(url)
      hls.attachMedia(audio)
      await event('canplay')
      await audio.play()
      await event('timeupdate')
      const levels: number = hls.levels.length
      audio.currentTime = 31
      await event('seeked')
      const afterSeek = audio.currentTime
      audio.currentTime = 39.5
      await event('ended')
      return { failures, levels, afterSeek, endedAt: audio.currentTime, duration: audio.duration }
    }, playback.hls.url)
    expect(heard.failures).toEqual([])
    expect(heard.levels).toBe(4)
    expect(heard.afterSeek).toBeGreaterThanOrEqual(31)
    expect(heard.endedAt).toBeGreaterThan(39.9)
    expect(heard.duration).toBeLessThan(40.1)
    await page.close()
  })

  it('a plain audio element plays and seeks a rendition', async () => {
    const owner = await admin()
    const file = await makeAudio(join(await audioFolder(), 'plain.wav'), { seconds: 20, seed: 202 })
    const track = await settled(owner, (await upload(owner, file)).body.trackId)
    const { renditions } = await owner.getPlayback({ path: { id: track.id } })
    const page = await browser.newPage()
    await page.goto(origin)
    const urls = renditions.map(({ url }) => url)
    const positions = await page.evaluate(async (sources) => {
      const found: number[] = []
      for (const source of sources) {
        const audio = new Audio(source)
        const event = (name: string) =>
          new Promise((resolve, reject) => {
            audio.addEventListener(name, resolve, { once: true })
            audio.addEventListener('error', () => reject(new Error(audio.error?.message)), { once: true })
          })
        audio.load()
        await event('canplay')
        audio.currentTime = 15
        await event('seeked')
        found.push(audio.currentTime, Math.round(audio.duration))
      }
      return found
    }, urls)
    expect(positions).toEqual(urls.flatMap(() => [15, 20]))
    await page.close()
  })

  it('the documentation page shows the operations and loads nothing from elsewhere', async () => {
    const { url } = inject('service')
    const page = await browser.newPage()
    const elsewhere: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url()))
        elsewhere.push(request.url())
    })
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await page.goto(`${url}/docs`)
    await page.getByText('Make an account').first().waitFor({ timeout: 30_000 })
    expect(elsewhere).toEqual([])
    expect(complaints).toEqual([])
    await page.close()
  })
})
