import {
  brush,
  clap,
  crash,
  hat,
  heartbeat,
  kick,
  openHat,
  rim,
  riser,
  shaker,
  snare,
  softKick,
} from './drums.ts'
import { bell, electricPiano, lead, stab, vibraphone } from './keys.ts'
import { choir, pad, strings } from './pads.ts'
import { harp, subBass, synthBass, uprightBass } from './plucked.ts'
import { rain, vinyl, wind } from './weather.ts'
import { flute, reed } from './winds.ts'

/** Every sound of the album, by the name a score calls it. */
export const instruments = {
  pad,
  choir,
  strings,
  flute,
  reed,
  electricPiano,
  bell,
  vibraphone,
  stab,
  lead,
  harp,
  uprightBass,
  synthBass,
  subBass,
  kick,
  softKick,
  heartbeat,
  snare,
  clap,
  hat,
  openHat,
  shaker,
  crash,
  rim,
  brush,
  riser,
  wind,
  rain,
  vinyl,
}

export type InstrumentName = keyof typeof instruments
