import { arpeggio, bassline, comp, figure, progression } from '../accompaniment.ts'
import { beatOf, fill, makeForm, place } from '../form.ts'
import { hold, melody, steps } from '../notation.ts'
import type { Piece } from '../score.ts'

/** Midday: house, four on the floor. */
const form = makeForm(4, [
  ['Lights', 4],
  ['Drive', 8],
  ['Crossing', 4],
  ['Rush', 8],
  ['Away', 4],
])

const loop = progression('Am9 Dm9 Fmaj9 Em7')
const everywhere = ['Lights', 'Drive', 'Rush', 'Away']

const bassFigure = [
  { beat: 0.5, beats: 0.4, step: 0, velocity: 0.9 },
  { beat: 1.25, beats: 0.2, step: 0, velocity: 0.6 },
  { beat: 1.5, beats: 0.4, step: 12, velocity: 0.8 },
  { beat: 2.5, beats: 0.4, step: 0, velocity: 0.9 },
  { beat: 3.25, beats: 0.2, step: 7, velocity: 0.65 },
  { beat: 3.5, beats: 0.4, step: 12, velocity: 0.8 },
]
const hook = melody(`
  E5:.75 D5:.75 C5:.5 A4:1   C5:.5 D5:.5 | F5:.75 E5:.75 D5:.5 A4:1.5 -:.5
  A5:.75 G5:.75 E5:.5 C5:1   D5:.5 E5:.5 | G5:.75 E5:.75 D5:.5 B4:1.5 -:.5`)
const roll = steps('x.......x....... x...x...x...x... x.x.x.x.x.x.x.x. xxxxxxxxXXXXXXXX')
const lastChord = comp(progression('Am9'), 62, steps('X...', 1))

export const noonTraffic: Piece = {
  slug: 'noon-traffic',
  title: 'Noon Traffic',
  genre: 'House',
  bpm: 122,
  key: 'Am',
  beatsPerBar: form.beatsPerBar,
  sections: form.sections,
  tailSeconds: 2.5,
  reverb: { decaySeconds: 1.7, dampingHz: 5200 },
  echoBeats: 0.75,
  parts: [
    { instrument: 'kick', notes: fill(form, everywhere, steps('X...X...X...X...')), levelDb: -7 },
    {
      instrument: 'clap',
      notes: [
        ...fill(form, ['Drive', 'Rush'], steps('....X.......X...')),
        ...place(form, 'Rush', steps('..........xx....'), 7),
      ],
      levelDb: -6,
      reverb: 0.25,
    },
    {
      instrument: 'hat',
      notes: fill(form, [...everywhere, 'Crossing'], steps('x.oox.oox.oox.oo')),
      levelDb: -7,
    },
    { instrument: 'openHat', notes: fill(form, ['Drive', 'Rush'], steps('..x...x...x...x.')), levelDb: -11 },
    {
      instrument: 'shaker',
      notes: fill(form, ['Rush', 'Away'], steps('oxoxoxoxoxoxoxox')),
      levelDb: -13,
      pan: -0.2,
    },
    {
      instrument: 'snare',
      notes: place(form, 'Crossing', roll),
      levelDb: -15,
      fadeDb: [
        [beatOf(form, 'Crossing'), -14],
        [beatOf(form, 'Rush'), 0],
      ],
      reverb: 0.3,
    },
    {
      instrument: 'crash',
      notes: [
        ...place(form, 'Drive', hold(1)),
        ...place(form, 'Rush', hold(1)),
        ...place(form, 'Away', hold(1)),
      ],
      levelDb: -15,
      reverb: 0.3,
    },
    { instrument: 'riser', notes: place(form, 'Crossing', hold(16)), levelDb: -18, reverb: 0.2 },
    {
      instrument: 'synthBass',
      notes: fill(form, ['Drive', 'Rush'], bassline(loop, 33, 4, bassFigure)),
      levelDb: -3,
      isDucked: true,
    },
    {
      instrument: 'stab',
      notes: [
        ...fill(form, everywhere, comp(loop, 64, steps('x..x..x...x..x..'))),
        ...place(form, 'Away', lastChord, 4),
      ],
      levelDb: -9,
      lowpassHz: [
        [0, 380],
        [beatOf(form, 'Drive'), 2200],
        [beatOf(form, 'Drive', 7), 5000],
        [beatOf(form, 'Away'), 6000],
        [beatOf(form, 'Away', 4), 700],
      ],
      reverb: 0.2,
      echo: 0.25,
      isDucked: true,
    },
    {
      instrument: 'pad',
      notes: fill(form, ['Crossing', 'Rush'], comp(loop, 67, hold(4, 60, 0.7))),
      levelDb: -18,
      lowpassHz: [
        [beatOf(form, 'Crossing'), 500],
        [beatOf(form, 'Rush'), 5200],
      ],
      reverb: 0.3,
      effect: 'chorus',
      isDucked: true,
    },
    {
      instrument: 'bell',
      notes: [
        ...fill(form, ['Crossing'], arpeggio(loop, 72, 4, figure('0 1 2 3 4 3 2 1', 0.5))),
        ...fill(form, ['Rush'], arpeggio(loop, 76, 4, figure('- 2 - 3 - 1 - 4', 0.5))),
      ],
      levelDb: -15,
      reverb: 0.3,
      echo: 0.35,
    },
    {
      instrument: 'lead',
      notes: [...place(form, 'Drive', hook, 4), ...fill(form, ['Rush'], hook)],
      levelDb: -12,
      fadeDb: [
        [beatOf(form, 'Rush') - 1, -5],
        [beatOf(form, 'Rush'), 0],
      ],
      reverb: 0.25,
      echo: 0.3,
    },
  ],
  lyrics: [
    { bar: 0, text: 'Red, amber, waiting' },
    { bar: 2, text: 'Hands on the wheel, counting down' },
    { bar: 4, text: 'Green, and the whole road exhales' },
    { bar: 6, text: 'Left lane, right lane, sun on the rails' },
    { bar: 8, text: 'Carry me over, carry me through' },
    { bar: 10, text: 'Every horn in the city is singing in tune' },
    { bar: 12, text: 'Stop for the crossing' },
    { bar: 14, text: 'Hold it, hold it, hold it' },
    { bar: 16, text: 'Go, go, everybody go' },
    { bar: 18, text: 'We are the rush and the rush is slow' },
    { bar: 20, text: 'Go, go, all the way home' },
    { bar: 22, text: 'No one in traffic is driving alone' },
    { bar: 24, text: 'Red, amber, fading' },
  ],
}
