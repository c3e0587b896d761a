import { bassline, comp, progression } from '../accompaniment.ts'
import { fill, makeForm, place } from '../form.ts'
import { hold, melody, type Phrase, steps, swing } from '../notation.ts'
import type { Note, Piece } from '../score.ts'

/** Dusk: lo-fi, with a lazy swing. */
const form = makeForm(4, [
  ['Awning', 2],
  ['Verse', 4],
  ['Refrain', 4],
  ['Solo', 4],
  ['Closing', 2],
])
const groove = ['Verse', 'Refrain', 'Solo']
const lazy = (notes: readonly Note[]) => swing(notes, 0.58)

const chords = {
  Awning: progression('Abmaj9 Bb13'),
  Verse: progression('Fm9 Bb13 Ebmaj9 Cm9'),
  Refrain: progression('Abmaj9 Gm7 Fm9 Bb13'),
  Solo: progression('Fm9 Bb13 Ebmaj9 Cm9'),
  Closing: progression('Bb9sus4 Ebmaj9'),
}
const names = ['Awning', 'Verse', 'Refrain', 'Solo', 'Closing'] as const

const keysRhythm: Phrase = {
  beats: 4,
  notes: [
    { beat: 0, beats: 2.3, midi: 60, velocity: 0.8 },
    { beat: 2.5, beats: 1.3, midi: 60, velocity: 0.6 },
  ],
}
const walk = [
  { beat: 0, beats: 1.4, step: 0, velocity: 0.9 },
  { beat: 1.5, beats: 0.5, step: 0, velocity: 0.55 },
  { beat: 2.5, beats: 0.9, step: 7, velocity: 0.75 },
  { beat: 3.5, beats: 0.5, step: 12, velocity: 0.6 },
]
const ground = [{ beat: 0, beats: 3.6, step: 0, velocity: 0.8 }]

const refrain = melody(`
  C5:1 Eb5:.5 G5:1.5 F5:.5 Eb5:.5 | D5:1.5 Bb4:.5 D5:1 F5:1
  Ab5:1 G5:.5 F5:.5 Eb5:1 C5:1    | D5:1.5 C5:.5 Bb4:1 -:1`)
const solo = melody(`
  -:.5 C5:.5 Eb5:.5 F5:.5 G5:1 Eb5:.5 C5:.5 | D5:.75 F5:.25 Ab5:1 G5:.5 F5:.5 D5:1
  Bb4:.5 D5:.5 G5:1 F5:.5 Eb5:.5 D5:.5 Bb4:.5 | C5:1.5 Eb5:.5 D5:.5 C5:.5 G4:1`)
const answers = melody('-:3 G5:.5 Ab5:.5 | Bb5:1 -:2 F5:.5 G5:.5 | D5:1 -:2 Bb5:.5 G5:.5 | Eb5:1 -:3', 0.5)

export const rainOnTheKiosk: Piece = {
  slug: 'rain-on-the-kiosk',
  title: 'Rain on the Kiosk',
  genre: 'Lo-Fi',
  bpm: 78,
  key: 'Eb',
  beatsPerBar: form.beatsPerBar,
  sections: form.sections,
  tailSeconds: 4,
  reverb: { decaySeconds: 1.9, dampingHz: 2800 },
  echoBeats: 1.5,
  parts: [
    { instrument: 'rain', notes: place(form, 'Awning', hold(66)), levelDb: -14 },
    { instrument: 'vinyl', notes: place(form, 'Awning', hold(64)), levelDb: -12 },
    {
      instrument: 'electricPiano',
      notes: lazy(names.flatMap((name) => place(form, name, comp(chords[name], 60, keysRhythm)))),
      levelDb: -12,
      lowpassHz: [
        [0, 700],
        [8, 2600],
        [56, 2600],
        [66, 900],
      ],
      reverb: 0.2,
      effect: 'tape',
      isLoose: true,
    },
    {
      instrument: 'uprightBass',
      notes: lazy([
        ...place(form, 'Verse', bassline(chords.Verse, 32, 4, walk)),
        ...place(form, 'Refrain', bassline(chords.Refrain, 32, 4, walk)),
        ...place(form, 'Solo', bassline(chords.Solo, 32, 4, walk)),
        ...place(form, 'Closing', bassline(chords.Closing, 32, 4, ground)),
      ]),
      levelDb: -10,
      isLoose: true,
    },
    { instrument: 'softKick', notes: lazy(fill(form, groove, steps('X.....x. ..X...o.'))), levelDb: -8 },
    {
      instrument: 'snare',
      notes: lazy([
        ...fill(form, groove, steps('....x... ....x...')),
        ...fill(form, ['Refrain', 'Solo'], steps('......... ......o')),
      ]),
      levelDb: -8,
      lowpassHz: [[0, 4800]],
      reverb: 0.15,
      isLoose: true,
    },
    {
      instrument: 'hat',
      notes: lazy(fill(form, groove, steps('x.o.x.o. x.o.x.oo'))),
      levelDb: -2,
      lowpassHz: [[0, 11000]],
      isLoose: true,
    },
    {
      instrument: 'rim',
      notes: lazy(fill(form, ['Solo'], steps('..........o..o..'))),
      levelDb: -10,
      reverb: 0.2,
    },
    {
      instrument: 'vibraphone',
      notes: lazy([...place(form, 'Refrain', refrain), ...place(form, 'Solo', answers)]),
      levelDb: -12,
      reverb: 0.3,
      echo: 0.2,
      effect: 'tape',
      isLoose: true,
    },
    {
      instrument: 'harp',
      notes: lazy([
        ...place(form, 'Verse', melody('-:6 G4:.5 F4:.5 D4:1 | Eb4:2 -:4 G4:.5 C5:.5 Eb5:1', 0.6)),
        ...place(form, 'Solo', solo),
        ...place(form, 'Closing', melody('-:2 C5:.5 Bb4:.5 F4:1 | G4:.5 Bb4:.5 D5:.5 G5:2.5', 0.6)),
      ]),
      levelDb: -8,
      lowpassHz: [[0, 4600]],
      reverb: 0.25,
      echo: 0.15,
      effect: 'tape',
      isLoose: true,
    },
  ],
  lyrics: [
    { bar: 0, text: 'Rain on the kiosk' },
    { bar: 2, text: 'Evening papers going soft' },
    { bar: 4, text: 'A queue of two beneath one coat' },
    { bar: 6, text: 'Stay a while, it is only water' },
    { bar: 7, text: 'The bus can come without us' },
    { bar: 8, text: 'Stay a while, the lamp is warmer' },
    { bar: 9, text: 'Than anywhere we were going' },
    { bar: 10, text: 'Gutters keep the time' },
    { bar: 12, text: 'The tin roof does the talking' },
    { bar: 14, text: 'Shutter down, goodnight' },
  ],
}
