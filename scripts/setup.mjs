// Plain JavaScript without dependencies: it runs before anything is installed, on Node 18 and later.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { copyDocsAssets } from './build-assets.mjs'

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const MODULES = join(ROOT, 'node_modules')
const STAMP = join(MODULES, '.segue-installed')
const INSTALL_TRIES = 3
const INSTALL_TIMEOUT_MS = 5 * 60 * 1000
const OLDEST_FFMPEG = [4, 1]
/** The first Node that runs TypeScript files as they are, which wrangler's own minimum is below. */
const OLDEST_NODE = [22, 18]

/**
 * Installs what is missing: the packages of the lock file, ffmpeg, and the files of the documentation page.
 * @param {{ systemPackages?: string[] }} [options] further Debian packages that are wanted, as a map from command to package
 * @returns {Promise<{ node: string, env: NodeJS.ProcessEnv }>} the Node to run everything with, and its environment
 */
export async function setUp({ systemPackages = {} } = {}) {
  await installPackages()
  const env = { ...process.env, PATH: `${join(MODULES, '.bin')}${delimiter}${process.env.PATH ?? ''}` }
  const node = findNode()
  ensureFfmpeg(systemPackages)
  copyDocsAssets()
  return { node, env }
}

async function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex')
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lock) return
  for (let attempt = 1; attempt <= INSTALL_TRIES; attempt++) {
    console.log(attempt === 1 ? 'Installing packages …' : `Installing packages, try ${attempt} …`)
    if (await npmCi()) {
      writeFileSync(STAMP, lock)
      return
    }
  }
  throw new Error('npm ci did not succeed; its output is above')
}

/** Runs npm ci; one that stalls is ended, and false returned. */
function npmCi() {
  return new Promise((resolve) => {
    const child = spawn('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), INSTALL_TIMEOUT_MS)
    child.once('error', () => resolve(false))
    child.once('exit', (code) => {
      clearTimeout(timer)
      resolve(code === 0)
    })
  })
}

/** The Node 24 that comes with the packages where there is one for this platform, else the one that runs this. */
function findNode() {
  const shipped = join(MODULES, '.bin', 'node')
  if (spawnSync(shipped, ['--version']).status === 0) return shipped
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (isAtLeast([major, minor], OLDEST_NODE)) return process.execPath
  throw new Error(
    `On this platform Segue needs Node ${OLDEST_NODE.join('.')} or later; this is ${process.versions.node}.`,
  )
}

/** ffmpeg by FFMPEG_PATH, then on the PATH, then from Debian's packages, then the one among the npm packages. */
function ensureFfmpeg(systemPackages) {
  const wanted = Object.entries(systemPackages).filter(([command]) => spawnSync(command, ['--version']).error)
  const needsFfmpeg = !process.env.FFMPEG_PATH && !hasFfmpeg('ffmpeg')
  const missing = [
    ...(needsFfmpeg ? ['ffmpeg'] : []),
    ...(spawnSync('fpcalc', ['-version']).error ? ['libchromaprint-tools'] : []),
    ...wanted.map(([, name]) => name),
  ]
  if (missing.length === 0) return
  if (process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log(`Installing system packages: ${missing.join(', ')} …`)
    if (aptInstall(missing)) return
  }
  const needed = missing.filter((name) => name !== 'libchromaprint-tools')
  const hasOwn = existsSync(join(MODULES, '@ffmpeg-installer', 'ffmpeg'))
  if (wanted.length === 0 && (needed.length === 0 || hasOwn)) {
    if (needsFfmpeg)
      console.log('No ffmpeg found: using the old build among the npm packages. Install ffmpeg for real use.')
    return
  }
  throw new Error(`Please install: ${needed.join(', ')} (Debian package names), then run this again.`)
}

function hasFfmpeg(command) {
  const { stdout, status } = spawnSync(command, ['-version'], { encoding: 'utf8' })
  const version = /version (?:n|N-)?(\d+)\.(\d+)/.exec(stdout ?? '')
  return (
    status === 0 && (version === null || isAtLeast([Number(version[1]), Number(version[2])], OLDEST_FFMPEG))
  )
}

function isAtLeast([major, minor], [oldestMajor, oldestMinor]) {
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
}

function aptInstall(names) {
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }
  const install = () =>
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], options).status === 0
  return (spawnSync('apt-get', ['update', '-qq'], options).status === 0 && install()) || install()
}
