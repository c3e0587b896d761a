import { arpeggio, bassline, comp, figure, progression } from '../accompaniment.ts'
import { fill, makeForm, place } from '../form.ts'
import { hold, melody, steps } from '../notation.ts'
import type { Piece } from '../score.ts'

/** Dawn: ambient, four beats to a slow bar. */
const form = makeForm(4, [
  ['Still', 2],
  ['Grey', 4],
  ['Gold', 4],
  ['Day', 2],
])

const chords = {
  Still: progression('Dadd9 Gmaj9'),
  Grey: progression('Dmaj9 Bm9 Gmaj9 A9sus4'),
  Gold: progression('Em9 F#m7 Gmaj9 A9sus4'),
  Day: progression('Gm6 Dadd9'),
}
const names = ['Still', 'Grey', 'Gold', 'Day'] as const

const ripple = figure('0 2 1 3 2 4 3 5', 0.5, 1)
const sparse = figure('0 - - 3 - 5 - 2', 0.5, 1)
const ground = [{ beat: 0, beats: 3.8, step: 0, velocity: 0.8 }]

const song = {
  Grey: melody('A4:2 D5:1 E5:1 | F#5:3 E5:1 | D5:2 B4:1 D5:1 | E5:3 -:1', 0.7),
  Gold: melody('G5:2 F#5:1 E5:1 | A5:3 F#5:1 | B5:2 A5:1 F#5:1 | E5:3 D5:1', 0.85),
  Day: melody('D5:2 Bb4:1 D5:1 | F#5:4', 0.65),
}

export const beforeTheBirds: Piece = {
  slug: 'before-the-birds',
  title: 'Before the Birds',
  genre: 'Ambient',
  bpm: 72,
  key: 'D',
  beatsPerBar: form.beatsPerBar,
  sections: form.sections,
  tailSeconds: 5,
  reverb: { decaySeconds: 4.5, dampingHz: 4200 },
  echoBeats: 0.75,
  parts: [
    {
      instrument: 'pad',
      notes: names.flatMap((name) => place(form, name, comp(chords[name], 60, hold(4)))),
      levelDb: -13,
      lowpassHz: [
        [0, 700],
        [8, 900],
        [24, 2600],
        [36, 4200],
        [44, 1400],
        [50, 500],
      ],
      reverb: 0.35,
      effect: 'chorus',
    },
    {
      instrument: 'choir',
      notes: place(form, 'Gold', comp(chords.Gold, 67, hold(4, 60, 0.7))),
      levelDb: -11,
      reverb: 0.6,
      effect: 'chorus',
    },
    {
      instrument: 'bell',
      notes: [
        ...place(form, 'Still', arpeggio(chords.Still, 74, 4, sparse)),
        ...place(form, 'Grey', arpeggio(chords.Grey, 74, 4, sparse)),
        ...place(form, 'Gold', arpeggio(chords.Gold, 74, 4, ripple)),
        ...place(form, 'Day', arpeggio(chords.Day, 74, 4, sparse)),
      ],
      levelDb: -8,
      reverb: 0.5,
      echo: 0.45,
      isLoose: true,
    },
    {
      instrument: 'flute',
      notes: [
        ...place(form, 'Grey', song.Grey),
        ...place(form, 'Gold', song.Gold),
        ...place(form, 'Day', song.Day),
      ],
      levelDb: -9,
      reverb: 0.5,
      echo: 0.2,
      isLoose: true,
    },
    {
      instrument: 'subBass',
      notes: (['Grey', 'Gold', 'Day'] as const).flatMap((name) =>
        place(form, name, bassline(chords[name], 33, 4, ground)),
      ),
      levelDb: -10,
    },
    {
      instrument: 'heartbeat',
      notes: fill(form, ['Gold'], steps('X... .... ..o. ....')),
      levelDb: -12,
      reverb: 0.1,
    },
    { instrument: 'wind', notes: place(form, 'Still', hold(46)), levelDb: -14, reverb: 0.1 },
  ],
  lyrics: [
    { bar: 0, text: 'Nothing has a name yet' },
    { bar: 2, text: 'Grey on grey, the roofs come slowly' },
    { bar: 3, text: 'One by one the windows borrow light' },
    { bar: 4, text: 'Someone fills a kettle in the quiet' },
    { bar: 5, text: 'And the dark goes out like a tide' },
    { bar: 6, text: 'Now gold along the gutters' },
    { bar: 7, text: 'Now gold along the wire' },
    { bar: 8, text: 'The whole street holds its breath' },
    { bar: 9, text: 'Before the birds, before the choir' },
    { bar: 10, text: 'Then day' },
  ],
}
