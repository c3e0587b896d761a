import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** A new empty folder for one job. It carries the process id, so that several transcoders can share a folder. */
export function createJobFolder(workDir: string): Promise<string> {
  return mkdtemp(join(workDir, `job-${process.pid}-`))
}

/** Makes the folder for all jobs, and removes what processes that are gone left there. Call it before the first job. */
export async function removeLeftovers(workDir: string): Promise<void> {
  await mkdir(workDir, { recursive: true })
  for (const name of await readdir(workDir)) {
    const pid = Number(/^job-(\d+)-/.exec(name)?.[1])
    if (pid > 0 && (pid === process.pid || !isAlive(pid)))
      await rm(join(workDir, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
