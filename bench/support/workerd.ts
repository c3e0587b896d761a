import { readdirSync, readFileSync } from 'node:fs'

/** The runtime's processes among those of a program that `startProgram` started, which leads their group. */
export function workerdPids(leaderPid: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
    .filter((pid) => {
      const stat = readProc(pid, 'stat')
      // The name stands in parentheses; the third field behind it is the process group (proc_pid_stat(5)).
      const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2])
      return group === leaderPid && stat.includes('(workerd)')
    })
}

/** The most memory that a process has held at a time, in bytes. */
export function peakMemoryBytes(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readProc(pid, 'status'))?.[1] ?? Number.NaN) * 1024
}

/** The processor time that a process and its threads have had, in milliseconds. */
export function cpuMs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => Number(readProc(pid, `task/${thread}/schedstat`).split(' ')[0]) / 1e6)
    .reduce((sum, ms) => sum + ms, 0)
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    // It has ended.
    return ''
  }
}
