import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { oneOf, readArguments } from './arguments.ts'
import { connect, serverOf } from './connect.ts'
import { printJson, type Terminal } from './terminal.ts'

const QUALITIES = ['low', 'normal', 'high', 'lossless'] as const
type Quality = (typeof QUALITIES)[number]

const PLAYERS = [
  ['ffplay', '-hide_banner', '-loglevel', 'warning', '-stats', '-nodisp', '-autoexit', '-i'],
  ['mpv', '--no-video', '--'],
] as const

/** `segue play TRACK [--quality Q] [--url]`: with a player of this machine, else prints the URL. */
export async function play(args: string[], terminal: Terminal): Promise<number> {
  const options = {
    quality: { type: 'string', default: 'high' },
    url: { type: 'boolean', default: false },
  } as const
  const { values, positionals } = readArguments(args, options, ['TRACK'])
  const quality = oneOf('--quality', values.quality, QUALITIES)
  const segue = await connect(terminal.env, await serverOf(terminal.env, values.server))
  const [trackId] = positionals
  const playback = await segue.getPlayback({ path: { id: trackId } })
  const rendition = bestRendition(playback, quality)
  if (values.json) {
    printJson(terminal, { trackId, ...rendition, hlsUrl: playback.hls.url, expiresAt: playback.expiresAt })
    return 0
  }
  if (rendition.quality !== quality)
    terminal.err(`There is no ${quality} for this account and track; this is ${rendition.quality}.`)
  const url = webUrl(rendition.url)
  const code = values.url ? null : await playWithAny(url, terminal)
  if (code === null) terminal.out(url)
  return code ?? 0
}

/** The best one up to a quality, else the least. */
export function bestRendition<R extends { quality: Quality }>(
  { renditions }: { renditions: R[] },
  quality: Quality,
): R {
  const rank = (rendition: R) => QUALITIES.indexOf(rendition.quality)
  const sorted = renditions.toSorted((a, b) => rank(a) - rank(b))
  const best = sorted.findLast((rendition) => rank(rendition) <= QUALITIES.indexOf(quality)) ?? sorted[0]
  if (!best) throw new Error('The track has no rendition.')
  return best
}

/** Players open files and devices as well: only what a server of the web gives reaches them. */
function webUrl(text: string): string {
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol)) throw new Error('The server gave no web address.')
  return url.href
}

/** @returns the player's exit code, or null where there is no player */
async function playWithAny(url: string, terminal: Terminal): Promise<number | null> {
  for (const [command, ...args] of PLAYERS) {
    const child = spawn(command, [...args, url], { stdio: 'inherit' })
    try {
      await once(child, 'spawn')
    } catch {
      continue
    }
    terminal.signal.addEventListener('abort', () => child.kill())
    const [code] = await once(child, 'exit')
    return terminal.signal.aborted ? 0 : typeof code === 'number' ? code : 1
  }
  return null
}
