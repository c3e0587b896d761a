import { spawn } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { changeCredentials, configDir, readCredentials } from '../../sdk/cli/config.ts'
import { serverOf } from '../../sdk/cli/connect.ts'
import { Journal } from '../../sdk/cli/import/journal.ts'
import { withTextPath } from '../../sdk/cli/import/local-path.ts'
import { bars, progressLine } from '../../sdk/cli/import/progress.ts'
import { type Candidate, walk } from '../../sdk/cli/import/walk.ts'
import { bestRendition } from '../../sdk/cli/play.ts'
import { byteCount, clean, cut, duration, safeJson, table, widthOf } from '../../sdk/cli/text.ts'

const ROOT = join(import.meta.dirname, '..', '..')
let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'segue-cli-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function put(path: string, content = 'x'): void {
  mkdirSync(join(dir, path, '..'), { recursive: true })
  writeFileSync(join(dir, path), content)
}

type Ran = { code: number | null; out: string; err: string }

/** Runs the command as a user would, with nobody signed in. */
function segue(...args: string[]): Promise<Ran> {
  const child = spawn(process.execPath, [join(ROOT, 'sdk', 'cli', 'segue.ts'), ...args], {
    env: { ...process.env, SEGUE_CONFIG: join(dir, 'config'), SEGUE_PASSWORD: 'secret' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ran: Ran = { code: null, out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    ran.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    ran.err += chunk
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ran, code })))
}

describe('the command line', () => {
  it.each([
    [[], 'A command is missing.'],
    [['frobnicate'], 'There is no command “frobnicate”.'],
    [['toString'], 'There is no command “toString”.'],
    [['import'], 'DIR is missing.'],
    [['import', '/nowhere/at/all'], '/nowhere/at/all is no folder.'],
    [['import', '.', '--concurrency', '0'], '--concurrency takes a whole number from 1 to 16.'],
    [['tracks', '--status', 'lost'], '--status takes one of queued, processing, ready, failed.'],
    [['tracks', 'extra'], '“extra” is one argument too many.'],
    [['tracks', '--colour'], "Unknown option '--colour'"],
    [['play', 'track_1', '--quality', 'best'], '--quality takes one of low, normal, high, lossless.'],
    [['whoami', '--server', 'music.example'], '--server takes an address such as https://music.example.'],
    [['login'], 'There is no terminal to ask on: give --email.'],
  ])('%j is answered with exit code 2: %s', async (args, message) => {
    const { code, out, err } = await segue(...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(`segue: ${message}\n`)
  })

  it('answers mistakes in JSON where that is asked for', async () => {
    const { code, out } = await segue('tracks', '--status', 'lost', '--json')
    expect(code).toBe(2)
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'usage' }, exitCode: 2 })
  })

  it('says what to do where nobody is signed in', async () => {
    const { code, err } = await segue('tracks', '--server', 'https://music.example')
    expect(code).toBe(1)
    expect(err).toBe('segue: Nobody is signed in to https://music.example. Run: segue login\n')
  })

  it('explains itself', async () => {
    const { code, out } = await segue('--help')
    expect(code).toBe(0)
    for (const name of ['login', 'logout', 'whoami', 'import', 'tracks', 'play'])
      expect(out).toContain(`  ${name} `)
  })
})

describe('credentials', () => {
  const tokens = { accessToken: 'a', refreshToken: 'r', expiresAt: 1 }

  it('are readable by their owner alone and come back as they were', async () => {
    const env = { SEGUE_CONFIG: join(dir, 'config') }
    const stored = {
      server: 'https://music.example',
      accounts: { 'https://music.example': { accountId: 'acct_1', email: 'a@b.example', tokens } },
    }
    await changeCredentials(env, () => stored)
    expect(statSync(join(dir, 'config', 'credentials.json')).mode & 0o777).toBe(0o600)
    expect(await readCredentials(env)).toEqual(stored)
    expect(await serverOf(env, undefined)).toBe('https://music.example')
    expect(await serverOf(env, 'https://other.example/')).toBe('https://other.example')
  })

  it('are none where the file is missing or broken', async () => {
    const env = { SEGUE_CONFIG: dir }
    expect(await readCredentials(env)).toEqual({ server: null, accounts: {} })
    put('credentials.json', '{"server":')
    expect(await readCredentials(env)).toEqual({ server: null, accounts: {} })
    expect(await serverOf(env, undefined)).toBe('http://127.0.0.1:8787')
  })

  it('lie where the environment says', () => {
    expect(configDir({ SEGUE_CONFIG: '/a', XDG_CONFIG_HOME: '/b' })).toBe('/a')
    expect(configDir({ XDG_CONFIG_HOME: '/b' })).toBe('/b/segue')
    expect(configDir({})).toMatch(/\/\.config\/segue$/)
  })
})

describe('the walk', () => {
  it('finds audio by its name, in order, and counts the rest', async () => {
    for (const path of [
      'b/2.FLAC',
      'b/1.mp3',
      'a.wav',
      'b/c/3.opus',
      'cover.jpg',
      '.hidden.mp3',
      '.git/4.mp3',
    ])
      put(path)
    const { candidates, ignored, unreadable } = await walk(dir)
    expect(candidates.map(({ shown }) => shown)).toEqual(['a.wav', 'b/1.mp3', 'b/2.FLAC', 'b/c/3.opus'])
    expect(candidates[0]?.bytes).toBe(1)
    expect([ignored, unreadable]).toEqual([1, []])
  })

  it('follows links, but in no circle', async () => {
    put('music/1.mp3')
    put('elsewhere/2.mp3')
    symlinkSync('..', join(dir, 'music', 'up'))
    symlinkSync(join(dir, 'elsewhere'), join(dir, 'music', 'link'))
    const { candidates } = await walk(join(dir, 'music'))
    expect(candidates.map(({ shown }) => shown)).toEqual(['1.mp3', 'link/2.mp3'])
  })

  it('names what cannot be read', async () => {
    symlinkSync('nowhere', join(dir, 'gone.mp3'))
    symlinkSync('self.mp3', join(dir, 'self.mp3'))
    const { unreadable } = await walk(dir)
    expect(unreadable).toEqual([
      { shown: 'gone.mp3', reason: 'The link leads nowhere.' },
      { shown: 'self.mp3', reason: 'The link leads nowhere.' },
    ])
  })
})

describe.skipIf(process.platform !== 'linux')('a name that is not UTF-8', () => {
  const latin = (...parts: string[]) => Buffer.from([dir, ...parts].join('/'), 'latin1')

  it('is found, shown with replacement characters, and read', async () => {
    mkdirSync(latin('caf\xe9'))
    mkdirSync(latin('caf\xe8'))
    writeFileSync(latin('caf\xe9', '1.mp3'), 'one')
    writeFileSync(latin('caf\xe8', 'latin\xe9.flac'), 'four')
    const { candidates, unreadable } = await walk(dir)
    expect(unreadable).toEqual([])
    expect(candidates.map(({ shown }) => shown)).toEqual(['caf\ufffd/latin\ufffd.flac', 'caf\ufffd/1.mp3'])
    let lent = ''
    const content = await withTextPath(candidates[0]?.path ?? '', (path) => {
      lent = path
      return readFile(path, 'utf8')
    })
    expect(content).toBe('four')
    expect(existsSync(lent)).toBe(false)
    expect(readFileSync(latin('caf\xe8', 'latin\xe9.flac'), 'utf8')).toBe('four')
  })

  it('is not mistaken for another that looks the same', async () => {
    writeFileSync(latin('\xe8.mp3'), 'one')
    writeFileSync(latin('\xe9.mp3'), 'two')
    for (const name of ['\xe8.mp3', '\xe9.mp3']) utimesSync(latin(name), 1, 1)
    const [first, second] = (await walk(dir)).candidates
    if (!first || !second) throw new Error('Two files were not found.')
    const file = join(dir, 'journal.ndjson')
    await (await Journal.open(file)).noteTrack(first, 'hash', 'track_1')
    const later = await Journal.open(file)
    expect(later.findUnchanged(first)?.trackId).toBe('track_1')
    expect(later.findUnchanged(second)).toBeNull()
  })
})

describe('the journal', () => {
  const song: Candidate = { path: '/music/song.flac', shown: 'song.flac', bytes: 10, mtimeMs: 1.5 }
  const file = () => join(dir, 'imports', 'journal.ndjson')

  it('knows a file again until its size or time changes, and its content under any name', async () => {
    const journal = await Journal.open(file())
    await journal.noteTrack(song, 'hash', 'track_1')
    const later = await Journal.open(file())
    expect(later.findUnchanged(song)?.trackId).toBe('track_1')
    expect(later.findUnchanged({ ...song, bytes: 11 })).toBeNull()
    expect(later.findUnchanged({ ...song, mtimeMs: 2 })).toBeNull()
    expect(later.findUnchanged({ ...song, path: '/music/other.flac' })).toBeNull()
    expect(later.findContent('hash')?.trackId).toBe('track_1')
  })

  it('keeps the address of an upload until it has ended', async () => {
    const urls = (await Journal.open(file())).uploadUrls
    await urls.set('sha256:1', 'https://music.example/v1/uploads/upload_1')
    await urls.set('sha256:2', 'https://music.example/v1/uploads/upload_2')
    await urls.delete('sha256:2')
    const later = (await Journal.open(file())).uploadUrls
    expect(await later.get('sha256:1')).toBe('https://music.example/v1/uploads/upload_1')
    expect(await later.get('sha256:2')).toBeNull()
  })

  it('survives a line that was cut, and lines that mean nothing', async () => {
    await (await Journal.open(file())).noteTrack(song, 'hash', 'track_1')
    appendFileSync(file(), 'nonsense\n{"kind":"other"}\n{"kind":"track","path":"/music/ne')
    const journal = await Journal.open(file())
    await journal.noteTrack({ ...song, path: '/music/2.flac' }, 'hash-2', 'track_2')
    const later = await Journal.open(file())
    expect([later.findContent('hash')?.trackId, later.findContent('hash-2')?.trackId]).toEqual([
      'track_1',
      'track_2',
    ])
  })

  it('does not grow with what has passed', async () => {
    const { uploadUrls } = await Journal.open(file())
    for (let at = 0; at < 50; at++) {
      await uploadUrls.set('sha256:1', `https://music.example/${at}`)
      await uploadUrls.delete('sha256:1')
    }
    await Journal.open(file())
    expect(readFileSync(file(), 'utf8')).toBe('')
  })
})

describe('text for a terminal', () => {
  it('cannot command it', () => {
    expect(clean('a\u001b[31mb\u0007\r\nc\u009b2Jd\u202ee')).toBe('a[31mbc2Jde')
    expect(safeJson({ title: '\u001b\u009b\u202e' })).toBe('{"title":"\\u001b\\u009b\\u202e"}')
  })

  it('is measured in columns', () => {
    expect(['abc', '日本', 'é', '🎵', 'e\u0301'].map(widthOf)).toEqual([3, 4, 1, 2, 1])
    expect(cut('日本語の歌', 7)).toBe('日本語…')
    expect(cut('short', 5)).toBe('short')
  })

  it('stands in aligned columns that fit', () => {
    const rows = [
      ['1', '日本', 'ready'],
      ['2', 'A very long title indeed', 'failed'],
    ]
    expect(table(['ID', 'TITLE', 'STATUS'], rows)).toBe(
      [
        'ID  TITLE                     STATUS',
        '1   日本                      ready',
        '2   A very long title indeed  failed',
      ].join('\n'),
    )
    const narrow = table(['ID', 'TITLE', 'STATUS'], rows, 24)
    expect(Math.max(...narrow.split('\n').map(widthOf))).toBe(24)
    expect(narrow).toContain('2   A very long…  failed')
  })

  it('is cut where one cell would push the others far away', () => {
    const artists = Array.from({ length: 50 }, (_, at) => `Artist ${at}`).join(', ')
    const rows = [['1', artists, 'ready']]
    expect(table(['ID', 'ARTIST', 'STATUS'], rows, null)).toBe(
      [`ID  ARTIST${' '.repeat(34)}  STATUS`, '1   Artist 0, Artist 1, Artist 2, Artist 3,…  ready'].join(
        '\n',
      ),
    )
    const onScreen = table(['ID', 'ARTIST', 'STATUS'], rows, 80).split('\n')
    expect(onScreen.map(widthOf)).toEqual([80, 79])
    expect(table(['ID', 'ARTIST', 'STATUS'], rows)).toContain(artists)
  })

  it('counts time and bytes as people do', () => {
    expect([0, 59_499, 61_000, 3_723_000].map(duration)).toEqual(['0:00', '0:59', '1:01', '1:02:03'])
    expect([0, 999, 1000, 45_600_000, 1.2e13].map(byteCount)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '45.6 MB',
      '12.0 TB',
    ])
  })
})

describe('progress', () => {
  const half = {
    files: 4,
    filesDone: 2,
    bytes: 4e6,
    bytesDone: 2e6,
    bytesPerSecond: 1e6,
    tracks: 2,
    tracksDone: 1,
    processed: 0.755,
  }

  it('is one bar for what is sent and one for what is made of it', () => {
    const [uploading, processing] = bars(half, 100)
    expect(uploading).toBe('Uploading   ████████████░░░░░░░░░░░░  50%  2/4 files  2.0 MB of 4.0 MB  1.0 MB/s')
    expect(processing).toBe('Processing  ██████████████████░░░░░░  75%  1/2 tracks')
    expect(Math.max(...bars(half, 40).map(widthOf))).toBeLessThan(40)
  })

  it('is a line in a log', () => {
    expect(progressLine(half)).toBe('Uploaded 2/4 files, 2.0 MB of 4.0 MB; processed 1/2 tracks, 75%.')
  })
})

describe('the quality to play', () => {
  const renditions = (['high', 'low', 'normal'] as const).map((quality) => ({ quality }))

  it('is the best up to the one that is asked for, else the least', () => {
    expect(bestRendition({ renditions }, 'lossless').quality).toBe('high')
    expect(bestRendition({ renditions }, 'normal').quality).toBe('normal')
    expect(bestRendition({ renditions: [{ quality: 'high' as const }] }, 'low').quality).toBe('high')
  })
})
