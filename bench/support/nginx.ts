import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startProgram } from '../../scripts/local/processes.ts'
import { freePort } from '../../scripts/local/service.ts'
import { findExecutable } from '../../workers/transcoder/ffmpeg.ts'
import type { BenchContext } from './bench.ts'

const READY_TRIES = 50

/** Serves a folder by an nginx of its own on a loopback port. @returns its URL, or null where there is no nginx */
export async function startNginx(context: BenchContext, root: string): Promise<string | null> {
  const path = findNginx() ?? installNginx(context)
  if (!path) return null
  const folder = join(context.folder, 'nginx')
  mkdirSync(folder)
  const port = await freePort()
  const config = join(folder, 'nginx.conf')
  writeFileSync(config, configFor(folder, root, port))
  const lines: string[] = []
  const program = startProgram('nginx', path, ['-p', folder, '-c', config], {
    cwd: folder,
    env: process.env,
    onLine: (line) => lines.push(line),
  })
  context.defer(() => program.stop())
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < READY_TRIES; tries++) {
    const response = await fetch(url).catch(() => null)
    await response?.body?.cancel()
    if (response) return url
    await sleep(100)
  }
  throw new Error(`nginx did not start:\n${lines.join('\n')}`)
}

function findNginx(): string | null {
  return findExecutable('nginx', `${process.env.PATH ?? ''}:/usr/sbin`)
}

/** Debian's package, where this may install it. */
function installNginx({ note }: BenchContext): string | null {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return null
  note('installing nginx-light')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // A package that is installed is not to start a server of its own.
  const install = ['install', '-y', '-qq', '--no-install-recommends', 'nginx-light']
  for (const args of [['update', '-qq'], install]) {
    spawnSync('apt-get', args, { stdio: 'ignore', env: { ...env, RUNLEVEL: '1' } })
  }
  return findNginx()
}

function configFor(folder: string, root: string, port: number): string {
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  return `${user}
daemon off;
worker_processes auto;
pid ${folder}/nginx.pid;
error_log stderr;
events { worker_connections 256; }
http {
  access_log off;
  sendfile on;
  keepalive_requests 1000000;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${port}; root ${root}; }
}
`
}
