import { expect, it } from 'vitest'
import { NO_DECLARATION } from '../../workers/transcoder/declared/declaration.ts'
import { createSemaphore } from '../../workers/transcoder/semaphore.ts'
import { createLineKeeper, createLineReader } from '../../workers/transcoder/stderr-lines.ts'
import { firstComplaint, judgeSource } from '../../workers/transcoder/verdict.ts'

const DAY_S = 24 * 3600
const decoded = (seconds: number, stderr: string[] = []) => ({
  samples: seconds * 48_000,
  sampleRate: 48_000,
  stderr,
})
const declared = (seconds: number, slackSeconds = 0) => ({ ...NO_DECLARATION, seconds, slackSeconds })

it('accepts 98 % of what is declared, and no less', () => {
  expect(judgeSource(decoded(98), declared(100), DAY_S)).toBeNull()
  expect(() => judgeSource(decoded(97.9), declared(100), DAY_S)).toThrow('97.90 s can be decoded')
})

it('forgives an encoder its padding', () => {
  expect(judgeSource(decoded(1.9), declared(2, 0.2), DAY_S)).toBeNull()
  expect(() => judgeSource(decoded(1.9), declared(2), DAY_S)).toThrow()
})

it('notes a file that holds more than it declares', () => {
  expect(judgeSource(decoded(8), declared(4, 0.2), DAY_S)).toBe('The file declares 4.00 s and holds 8.00 s.')
})

it('refuses what is too long, and what is empty', () => {
  expect(() => judgeSource(decoded(61), NO_DECLARATION, 60)).toThrow('longer than 60 s')
  expect(() => judgeSource(decoded(0), NO_DECLARATION, 60)).toThrow('no audio')
})

it('quotes the first complaint about the audio, without addresses, paths and odd characters', () => {
  const stderr = [
    '[info] Input #0, mp3, from file',
    '[mjpeg @ 0x5581] [error] unable to decode APP fields',
    '[mp3 @ 0x5582] [warning] Estimating duration from bitrate, this may be inaccurate',
    '[mov,mp4,m4a @ 0x5583] [error] file:/tmp/job-1-x/source: \x1b[31mpartial file',
    '[aac @ 0x5584] [error] something later',
  ]
  expect(firstComplaint(stderr)).toBe('mov,mp4,m4a: the file ?[31mpartial file')
  expect(firstComplaint(stderr.slice(0, 3))).toBeNull()
})

it('keeps the first and the last lines of endless output, and cuts endless lines', () => {
  const keeper = createLineKeeper(2, 2)
  const reader = createLineReader(keeper.add)
  for (let line = 0; line < 100; line += 1) reader.push(Buffer.from(`line ${line}\n`))
  for (let chunk = 0; chunk < 100; chunk += 1) reader.push(Buffer.alloc(10_000, 'x'))
  reader.end()
  expect(keeper.lines()).toEqual(['line 0', 'line 1', 'line 99', 'x'.repeat(1000)])
})

it('runs no more tasks at a time than it may, in order, and forgets those that were cancelled', async () => {
  const semaphore = createSemaphore(1)
  const ran: string[] = []
  const never = new AbortController().signal
  const cancelled = new AbortController()
  let finishFirst = () => {}
  const first = semaphore(never, () => new Promise<void>((resolve) => (finishFirst = resolve)))
  const second = semaphore(cancelled.signal, async () => ran.push('second'))
  const third = semaphore(never, async () => ran.push('third'))
  cancelled.abort(new Error('cancelled'))
  await expect(second).rejects.toThrow('cancelled')
  expect(ran).toEqual([])
  // The first task starts in a later turn than its call.
  await Promise.resolve().then(() => finishFirst())
  await Promise.all([first, third])
  expect(ran).toEqual(['third'])
})
