import { z } from '@hono/zod-openapi'
import { callerOf, createRouter, dbOf, defineRoute, touch } from '../platform/http.ts'
import { idSchema } from '../platform/ids.ts'
import { sendOutbox } from '../platform/outbox.ts'
import { pageQuerySchema, pageSchema } from '../platform/pagination.ts'
import {
  artistSchema,
  releaseSchema,
  toArtist,
  toRelease,
  toTrack,
  toTrackDetail,
  trackDetailSchema,
  trackSchema,
} from './representations.ts'
import { TRACK_STATUSES } from './schema.ts'
import * as service from './service.ts'

const json = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  content: { 'application/json': { schema } },
})
const idParam = (kind: 'track' | 'release' | 'artist') => z.object({ id: idSchema(kind) })

const listTracks = defineRoute('signed-in', {
  method: 'get',
  path: '/v1/tracks',
  operationId: 'listTracks',
  tags: ['Catalogue'],
  summary: 'List tracks',
  description:
    'Newest first. Without a filter: every ready track. `owner=me` lists one’s own in any state (narrowed by `status`), `releaseId` a release in playing order, `artistId` an artist’s. Admins may list by `status` alone.',
  request: {
    query: pageQuerySchema.extend({
      owner: z.literal('me').optional(),
      status: z.enum(TRACK_STATUSES).optional(),
      releaseId: idSchema('release').optional(),
      artistId: idSchema('artist').optional(),
    }),
  },
  responses: { 200: json('A page of tracks', pageSchema(trackSchema).openapi('TrackPage')) },
})

const getTrack = defineRoute('signed-in', {
  method: 'get',
  path: '/v1/tracks/{id}',
  operationId: 'getTrack',
  tags: ['Catalogue'],
  summary: 'Read a track',
  description: 'Its owner and admins also see it before it is ready, with the progress of its processing.',
  request: { params: idParam('track') },
  responses: { 200: json('The track', trackDetailSchema) },
})

const deleteTrack = defineRoute(['artist', 'admin'], {
  method: 'delete',
  path: '/v1/tracks/{id}',
  operationId: 'deleteTrack',
  tags: ['Catalogue'],
  summary: 'Delete a track',
  description: 'With its original, every rendition and its covers. Players lose it within 30 seconds.',
  request: { params: idParam('track') },
  responses: { 204: { description: 'It is gone' } },
})

const listReleases = defineRoute('signed-in', {
  method: 'get',
  path: '/v1/releases',
  operationId: 'listReleases',
  tags: ['Catalogue'],
  summary: 'List releases',
  description: 'Newest first; all, or those of one artist. A release shows once one of its tracks is ready.',
  request: { query: pageQuerySchema.extend({ artistId: idSchema('artist').optional() }) },
  responses: { 200: json('A page of releases', pageSchema(releaseSchema).openapi('ReleasePage')) },
})

const getRelease = defineRoute('signed-in', {
  method: 'get',
  path: '/v1/releases/{id}',
  operationId: 'getRelease',
  tags: ['Catalogue'],
  summary: 'Read a release',
  request: { params: idParam('release') },
  responses: { 200: json('The release', releaseSchema) },
})

const listArtists = defineRoute('signed-in', {
  method: 'get',
  path: '/v1/artists',
  operationId: 'listArtists',
  tags: ['Catalogue'],
  summary: 'List artists',
  description: 'By sort name. An artist shows once a track of theirs is ready.',
  request: { query: pageQuerySchema },
  responses: { 200: json('A page of artists', pageSchema(artistSchema).openapi('ArtistPage')) },
})

const getArtist = defineRoute('signed-in', {
  method: 'get',
  path: '/v1/artists/{id}',
  operationId: 'getArtist',
  tags: ['Catalogue'],
  summary: 'Read an artist',
  request: { params: idParam('artist') },
  responses: { 200: json('The artist', artistSchema) },
})

export const catalogRoutes = createRouter()
  .openapi(listTracks, async (c) => {
    const page = await service.listTracks(dbOf(c), callerOf(c), c.req.valid('query'))
    return c.json({ items: page.rows.map(toTrack), nextCursor: page.nextCursor }, 200)
  })
  .openapi(getTrack, async (c) => {
    const { id } = c.req.valid('param')
    touch(c, { trackId: id })
    const { row, isKeeper } = await service.readTrack(dbOf(c), callerOf(c), id)
    return c.json(toTrackDetail(row, isKeeper), 200)
  })
  .openapi(deleteTrack, async (c) => {
    const { id } = c.req.valid('param')
    touch(c, { trackId: id })
    const db = dbOf(c, 'first-primary')
    await service.deleteTrack(db, callerOf(c), id, Date.now())
    c.executionCtx.waitUntil(sendOutbox(db, c.env.EVENTS, Date.now()))
    return c.body(null, 204)
  })
  .openapi(listReleases, async (c) => {
    const page = await service.listReleases(dbOf(c), c.req.valid('query'))
    return c.json({ items: page.rows.map(toRelease), nextCursor: page.nextCursor }, 200)
  })
  .openapi(getRelease, async (c) =>
    c.json(toRelease(await service.readRelease(dbOf(c), c.req.valid('param').id)), 200),
  )
  .openapi(listArtists, async (c) => {
    const page = await service.listArtists(dbOf(c), c.req.valid('query'))
    return c.json({ items: page.rows.map(toArtist), nextCursor: page.nextCursor }, 200)
  })
  .openapi(getArtist, async (c) =>
    c.json(toArtist(await service.readArtist(dbOf(c), c.req.valid('param').id)), 200),
  )
