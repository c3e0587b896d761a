import { arpeggio, bassline, comp, figure, progression } from '../accompaniment.ts'
import { beatOf, fill, makeForm, place } from '../form.ts'
import { hold, melody, steps } from '../notation.ts'
import type { Piece } from '../score.ts'

/** Midnight: a small waltz. */
const form = makeForm(3, [
  ['Platform', 4],
  ['Verse', 8],
  ['River', 8],
  ['Homeward', 8],
  ['Depot', 4],
])

const chords = {
  Platform: progression('Gm Gm6 Eb D7'),
  Verse: progression('Gm Cm D7 Gm Eb Cm D7 Gm'),
  River: progression('Bb F7 F7 Bb Eb Bb A7 D7'),
  Homeward: progression('Gm Cm D7 Gm Eb Cm D7 Gm'),
  Depot: progression('Cm6 Gm D7 G'),
}
const names = ['Platform', 'Verse', 'River', 'Homeward', 'Depot'] as const
const danced = ['Platform', 'Verse', 'River', 'Homeward'] as const

const downbeat = [{ beat: 0, beats: 1.2, step: 0, velocity: 0.85 }]
const pahPah = steps('.xo', 1)

const tune = {
  verse: melody(
    'D5:2 Bb4:1 | C5:1 D5:1 Eb5:1 | D5:1 C5:1 A4:1 | Bb4:3 | G5:2 Eb5:1 | Eb5:1 D5:1 C5:1 | D5:1 C5:1 F#4:1 | G4:3',
  ),
  river: melody(`
    F5:1.5 G5:.5 F5:1 | Eb5:2 C5:1 | Eb5:1.5 F5:.5 Eb5:1 | D5:3
    G5:1.5 A5:.5 Bb5:1 | F5:2 D5:1 | E5:1.5 G5:.5 E5:1 | F#5:2 D5:1`),
  homeward: melody(`
    D5:1 G5:1 Bb5:1 | C6:1.5 Bb5:.5 G5:1 | A5:1 F#5:1 D5:1 | G5:2.5 F5:.5
    Eb5:.5 F5:.5 G5:1 Bb5:1 | G5:1 Eb5:1 C5:1 | D5:1 C5:1 F#4:1 | G4:3`),
  depot: melody('Eb5:1 C5:1 A4:1 | Bb4:2 D5:1 | C5:1 A4:1 F#4:1 | G4:3', 0.65),
}
const counterLine = melody('Bb5:3 | Eb5:3 | F#5:3 | D5:3 | Bb5:3 | C6:3 | A5:3 | Bb5:3', 0.5)
const lastBells = melody('-:.5 D6:.5 G6:.5 B6:1.5', 0.5)

export const lastTramWaltz: Piece = {
  slug: 'last-tram-waltz',
  title: 'Last Tram Waltz',
  genre: 'Waltz',
  bpm: 126,
  key: 'Gm',
  beatsPerBar: form.beatsPerBar,
  sections: form.sections,
  tailSeconds: 4,
  reverb: { decaySeconds: 2.3, dampingHz: 4000 },
  echoBeats: 1,
  parts: [
    {
      instrument: 'reed',
      notes: [
        ...place(form, 'Verse', tune.verse),
        ...place(form, 'River', tune.river),
        ...place(form, 'Homeward', tune.homeward),
        ...place(form, 'Depot', tune.depot),
      ],
      levelDb: -12,
      reverb: 0.28,
      isLoose: true,
    },
    {
      instrument: 'harp',
      notes: [
        ...danced.flatMap((name) => place(form, name, comp(chords[name], 60, pahPah))),
        ...place(form, 'Depot', arpeggio(chords.Depot, 60, 3, figure('0 1 2 3 4 5', 0.5, 1))),
      ],
      levelDb: -11,
      lowpassHz: [[0, 5200]],
      reverb: 0.25,
      isLoose: true,
    },
    {
      instrument: 'uprightBass',
      notes: names.flatMap((name) => place(form, name, bassline(chords[name], 33, 3, downbeat))),
      levelDb: -9,
      reverb: 0.05,
      isLoose: true,
    },
    {
      instrument: 'strings',
      notes: [
        ...place(form, 'River', comp(chords.River, 65, hold(3, 60, 0.6))),
        ...place(form, 'Homeward', comp(chords.Homeward, 65, hold(3, 60, 0.75))),
        ...place(form, 'Depot', comp(chords.Depot, 65, hold(3, 60, 0.5))),
      ],
      levelDb: -17,
      lowpassHz: [[0, 1800]],
      effect: 'chorus',
      fadeDb: [
        [beatOf(form, 'River'), -8],
        [beatOf(form, 'Homeward'), 0],
      ],
      reverb: 0.4,
    },
    {
      instrument: 'bell',
      notes: [
        ...place(form, 'Platform', arpeggio(chords.Platform, 79, 3, figure('0 2 1', 1))),
        ...place(form, 'Homeward', arpeggio(chords.Homeward, 79, 3, figure('- 0 2 1 2 0', 0.5))),
        ...place(form, 'Depot', lastBells, 3),
      ],
      levelDb: -17,
      reverb: 0.4,
      echo: 0.2,
      isLoose: true,
    },
    {
      instrument: 'flute',
      notes: place(form, 'Homeward', counterLine),
      levelDb: -15,
      pan: -0.35,
      reverb: 0.35,
      isLoose: true,
    },
    {
      instrument: 'brush',
      notes: [
        ...fill(form, ['Verse', 'River'], steps('.xo', 1)),
        ...fill(form, ['Homeward'], steps('..x.xo', 0.5)),
      ],
      levelDb: -7,
      reverb: 0.12,
      isLoose: true,
    },
    { instrument: 'softKick', notes: fill(form, ['River', 'Homeward'], steps('x..', 1)), levelDb: -15 },
  ],
  lyrics: [
    { bar: 0, text: 'One light, no one else on the platform' },
    { bar: 4, text: 'Round goes the last tram, round goes the town' },
    { bar: 8, text: 'Counting the stops with the music turned down' },
    { bar: 12, text: 'Over the river the lamps are in pairs' },
    { bar: 16, text: 'Dancing on water with nobody there' },
    { bar: 20, text: 'Homeward, and homeward, and three to the bar' },
    { bar: 24, text: 'Humming a tune that was never so far' },
    { bar: 28, text: 'Mind the gap, goodnight' },
  ],
}
