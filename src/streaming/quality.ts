import { z } from '@hono/zod-openapi'
import type { Tier } from '../platform/tokens.ts'
import type { RenditionName } from '../transcoding/protocol.ts'

/** From least to best. */
export const QUALITIES = ['low', 'normal', 'high', 'lossless'] as const
export const qualitySchema = z.enum(QUALITIES)
export type Quality = z.infer<typeof qualitySchema>

const RENDITION_OF = {
  low: 'aac-64',
  normal: 'aac-128',
  high: 'aac-256',
  lossless: 'flac',
} as const satisfies Record<Quality, RenditionName>

const CEILING_OF: Record<Tier, Quality> = {
  free: 'normal',
  premium: 'lossless',
  family: 'lossless',
  student: 'lossless',
}

/** The best quality that a tier may hear. */
export function ceilingOf(tier: Tier): Quality {
  return CEILING_OF[tier]
}

export function isWithin(quality: Quality, ceiling: Quality): boolean {
  return QUALITIES.indexOf(quality) <= QUALITIES.indexOf(ceiling)
}

export function qualityOf(rendition: RenditionName): Quality {
  const quality = QUALITIES.find((candidate) => RENDITION_OF[candidate] === rendition)
  if (!quality) throw new Error(`no quality is made of ${rendition}`)
  return quality
}

/** From least to best. */
export function byQuality<R extends { name: RenditionName }>(renditions: readonly R[]): R[] {
  return renditions.toSorted((a, b) => rank(a) - rank(b))
}

function rank(rendition: { name: RenditionName }): number {
  return QUALITIES.indexOf(qualityOf(rendition.name))
}

/** The renditions of a track up to a quality, in the ladder's order. */
export function renditionsUpTo<R extends { name: RenditionName }>(
  renditions: readonly R[],
  ceiling: Quality,
): R[] {
  return renditions.filter((rendition) => isWithin(qualityOf(rendition.name), ceiling))
}
