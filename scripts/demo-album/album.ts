import { beforeTheBirds } from './pieces/before-the-birds.ts'
import { lastTramWaltz } from './pieces/last-tram-waltz.ts'
import { noonTraffic } from './pieces/noon-traffic.ts'
import { rainOnTheKiosk } from './pieces/rain-on-the-kiosk.ts'
import type { Piece } from './score.ts'

export interface Album {
  title: string
  artist: string
  date: string
  pieces: readonly Piece[]
}

/** One piece for each quarter of a day. */
export const album: Album = {
  title: 'Four Small Hours',
  artist: 'Segue Demo Ensemble',
  date: '2026',
  pieces: [beforeTheBirds, noonTraffic, rainOnTheKiosk, lastTramWaltz],
}
