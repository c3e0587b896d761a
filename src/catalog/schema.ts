import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import { accounts } from '../auth/schema.ts'
import { JOB_FAILURE_CODES, JOB_STAGES, SOURCE_FORMATS } from '../transcoding/protocol.ts'

export const TRACK_STATUSES = ['queued', 'processing', 'ready', 'failed'] as const
export const CREDIT_ROLES = ['composer'] as const
export const JOB_STATES = ['queued', 'running', 'done', 'failed'] as const

export const artists = sqliteTable(
  'artists',
  {
    pk: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull().unique(),
    name: text().notNull(),
    sortName: text().notNull(),
    /** The folded name under which a tag finds this artist again; null where only its id does. */
    matchKey: text().unique(),
    /** True where a listener finds anything ready of this artist. */
    isPublic: integer({ mode: 'boolean' }).notNull().default(false),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [index('artists_public').on(table.isPublic, table.sortName, table.pk)],
)

export const releases = sqliteTable(
  'releases',
  {
    pk: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull().unique(),
    ownerPk: integer()
      .notNull()
      .references(() => accounts.pk),
    title: text().notNull(),
    /** Owner, folded album artist and folded title: how a tag finds this release again. */
    matchKey: text().unique(),
    /** YYYY, YYYY-MM or YYYY-MM-DD: as precise as it is known. */
    releaseDate: text(),
    /** R2 prefix of the cover's files, and what the transcoder says of them (JSON of manifest.cover). */
    coverPrefix: text(),
    cover: text(),
    albumLufs: real(),
    albumGainDb: real(),
    /** True where any of its tracks is ready. */
    isPublic: integer({ mode: 'boolean' }).notNull().default(false),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [
    index('releases_public').on(table.isPublic, table.pk),
    index('releases_owner').on(table.ownerPk, table.pk),
  ],
)

export const releaseArtists = sqliteTable(
  'release_artists',
  {
    releasePk: integer()
      .notNull()
      .references(() => releases.pk),
    position: integer().notNull(),
    artistPk: integer()
      .notNull()
      .references(() => artists.pk),
  },
  (table) => [
    primaryKey({ columns: [table.releasePk, table.position] }),
    index('release_artists_artist').on(table.artistPk, table.releasePk),
  ],
)

export const tracks = sqliteTable(
  'tracks',
  {
    pk: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull().unique(),
    ownerPk: integer()
      .notNull()
      .references(() => accounts.pk),
    /** SHA-256 of the original file, in hex. */
    sourceHash: text().notNull(),
    /** R2 key of the original file. */
    sourceKey: text().notNull(),
    sourceBytes: integer().notNull(),
    sourceFormat: text({ enum: SOURCE_FORMATS }).notNull(),
    fileName: text().notNull(),
    status: text({ enum: TRACK_STATUSES }).notNull(),
    title: text().notNull(),
    releasePk: integer().references(() => releases.pk),
    /** 0 where unknown. */
    discNumber: integer().notNull(),
    /** 0 where unknown. */
    trackNumber: integer().notNull(),
    isrc: text(),
    /** YYYY, YYYY-MM or YYYY-MM-DD. */
    releaseDate: text(),
    /** Null until the track is ready. */
    durationMs: integer(),
    isDamaged: integer({ mode: 'boolean' }).notNull().default(false),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [
    uniqueIndex('tracks_owner_source').on(table.ownerPk, table.sourceHash),
    index('tracks_status').on(table.status, table.pk),
    index('tracks_owner').on(table.ownerPk, table.pk),
    index('tracks_release').on(table.releasePk, table.discNumber, table.trackNumber, table.pk),
    index('tracks_owner_status').on(table.ownerPk, table.status, table.pk),
  ],
)

export const trackArtists = sqliteTable(
  'track_artists',
  {
    trackPk: integer()
      .notNull()
      .references(() => tracks.pk),
    position: integer().notNull(),
    artistPk: integer()
      .notNull()
      .references(() => artists.pk),
  },
  (table) => [
    primaryKey({ columns: [table.trackPk, table.position] }),
    index('track_artists_artist').on(table.artistPk, table.trackPk),
  ],
)

/** Who else made the track, apart from the artists it stands under. */
export const trackCredits = sqliteTable(
  'track_credits',
  {
    trackPk: integer()
      .notNull()
      .references(() => tracks.pk),
    position: integer().notNull(),
    artistPk: integer()
      .notNull()
      .references(() => artists.pk),
    role: text({ enum: CREDIT_ROLES }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.trackPk, table.position] }),
    index('track_credits_artist').on(table.artistPk, table.trackPk),
  ],
)

export const genres = sqliteTable('genres', {
  pk: integer().primaryKey({ autoIncrement: true }),
  name: text().notNull(),
  matchKey: text().notNull().unique(),
})

export const trackGenres = sqliteTable(
  'track_genres',
  {
    trackPk: integer()
      .notNull()
      .references(() => tracks.pk),
    position: integer().notNull(),
    genrePk: integer()
      .notNull()
      .references(() => genres.pk),
  },
  (table) => [
    primaryKey({ columns: [table.trackPk, table.position] }),
    index('track_genres_genre').on(table.genrePk, table.trackPk),
  ],
)

export const trackLyrics = sqliteTable('track_lyrics', {
  trackPk: integer()
    .primaryKey()
    .references(() => tracks.pk),
  plain: text(),
  /** LRC text. */
  synced: text(),
})

/** Where a track stands on its way to `ready`. The row is the truth, a queue message only a hint. */
export const processing = sqliteTable(
  'processing',
  {
    trackPk: integer()
      .primaryKey()
      .references(() => tracks.pk),
    state: text({ enum: JOB_STATES }).notNull(),
    /** Counts the runs that were asked for: each writes under a prefix of its own. */
    run: integer().notNull(),
    stage: text({ enum: JOB_STAGES }),
    percent: real().notNull(),
    /** Fencing number of the newest attempt; an older one is not heard any more. */
    attempt: integer().notNull(),
    /** How many attempts really failed. A busy transcoder is not a failure. */
    failures: integer().notNull(),
    failureCode: text({ enum: JOB_FAILURE_CODES }),
    failureDetail: text(),
    queuedAt: integer().notNull(),
    startedAt: integer(),
    heartbeatAt: integer(),
    /** When the sweep sends it again unless something has happened; null where nothing is left to do. It is also the ticket of the newest message. */
    dueAt: integer(),
  },
  (table) => [
    index('processing_due').on(table.dueAt).where(sql`due_at is not null`),
    index('processing_queued').on(table.queuedAt, table.trackPk).where(sql`state = 'queued'`),
  ],
)

/** What a ready track is played from. */
export const trackMedia = sqliteTable('track_media', {
  trackPk: integer()
    .primaryKey()
    .references(() => tracks.pk),
  profile: text().notNull(),
  /** R2 prefix of all files. */
  prefix: text().notNull(),
  /** JSON of the media descriptor (src/catalog/media.ts): renditions with segment tables, files with etags, loudness. */
  descriptor: text().notNull(),
  integratedLufs: real(),
  trackGainDb: real(),
  truePeakDbtp: real(),
  /** JSON of the loudness histogram, from which the album's loudness is pooled. */
  histogram: text().notNull(),
  publishedAt: integer().notNull(),
})
