import type { Segue } from '../client.ts'
import type { Track } from '../generated/types.gen.ts'
import { eachItem } from '../pages.ts'
import { oneOf, readArguments, wholeNumber } from './arguments.ts'
import { connect, serverOf } from './connect.ts'
import { printJson, type Terminal } from './terminal.ts'
import { duration, table } from './text.ts'

const STATUSES = ['queued', 'processing', 'ready', 'failed'] as const
const DEFAULT_LIMIT = 50
/** The largest page that the service gives. */
const PAGE = 200

/** `segue tracks [--mine] [--status S] [--limit N | --all]` */
export async function tracks(args: string[], terminal: Terminal): Promise<number> {
  const { values } = readArguments(
    args,
    {
      mine: { type: 'boolean', default: false },
      status: { type: 'string' },
      limit: { type: 'string' },
      all: { type: 'boolean', default: false },
    },
    [],
  )
  const limit = values.all
    ? Number.POSITIVE_INFINITY
    : values.limit === undefined
      ? DEFAULT_LIMIT
      : wholeNumber('--limit', values.limit, 1, 1_000_000)
  const filter = {
    ...(values.mine ? { owner: 'me' as const } : {}),
    ...(values.status === undefined ? {} : { status: oneOf('--status', values.status, STATUSES) }),
  }
  const segue = await connect(terminal.env, await serverOf(terminal.env, values.server))
  const { items, hasMore } = await take(segue, filter, limit)
  if (values.json) {
    printJson(terminal, { items, hasMore })
    return 0
  }
  terminal.out(
    table(['ID', 'TITLE', 'ARTIST', 'RELEASE', 'TIME', 'STATUS'], items.map(rowOf), terminal.columns),
  )
  if (hasMore) terminal.err(`These are the first ${items.length}. See more by --limit or --all.`)
  return 0
}

type Filter = { owner?: 'me'; status?: (typeof STATUSES)[number] }

async function take(segue: Segue, filter: Filter, limit: number) {
  const items: Track[] = []
  const pageLimit = Math.min(limit, PAGE)
  const all = eachItem((cursor) =>
    segue.listTracks({ query: { ...filter, limit: pageLimit, ...(cursor ? { cursor } : {}) } }),
  )
  for await (const track of all) {
    if (items.length === limit) return { items, hasMore: true }
    items.push(track)
  }
  return { items, hasMore: false }
}

function rowOf(track: Track): string[] {
  return [
    track.id,
    track.title,
    track.artists.map(({ name }) => name).join(', '),
    track.release?.title ?? '',
    track.durationMs === null ? '' : duration(track.durationMs),
    track.isDamaged ? `${track.status} (damaged)` : track.status,
  ]
}
