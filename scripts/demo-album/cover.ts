import sharp from 'sharp'
import { lettering } from './lettering.ts'
import { makeRandom } from './random.ts'

const size = 1400
const horizon = 985

/** The four hours: where each sun stands, how large, and its colour. */
const suns = [
  { x: 285, y: 800, radius: 150, colour: '#ffb38a' },
  { x: 560, y: 590, radius: 215, colour: '#ffe3a3' },
  { x: 905, y: 610, radius: 180, colour: '#ff7d6b' },
  { x: 1165, y: 770, radius: 105, colour: '#f3ecff' },
]

/** The album's cover as a JPEG of 1400 by 1400 pixels: four suns over a skyline that is also a waveform. */
export function makeCover(title: string, artist: string): Promise<Buffer> {
  return sharp(Buffer.from(drawing(title, artist)))
    .composite([{ input: grain(), raw: { width: size, height: size, channels: 4 } }])
    .flatten()
    .jpeg({ quality: 86 })
    .toBuffer()
}

function drawing(title: string, artist: string): string {
  const bars = skyline()
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}">
    <defs>
      ${gradient('sky', ['#161a45', '#3f2f76', '#a84f86', '#f58a6c', '#ffc98f'])}
      ${gradient('water', ['#c9697a', '#5a3a7c', '#1a1b4a', '#101233'])}
      ${gradient('tower', ['#3a2a68', '#181a48'])}
      ${suns.map((sun, index) => glow(index, sun.colour)).join('')}
    </defs>
    <rect width="${size}" height="${horizon}" fill="url(#sky)"/>
    <path d="M120 ${horizon}A580 520 0 0 1 1280 ${horizon}" fill="none" stroke="#fff" stroke-opacity=".35" stroke-width="2"/>
    ${suns.map(drawSun).join('')}
    ${bars.map(drawTower).join('')}
    <rect y="${horizon}" width="${size}" height="${size - horizon}" fill="url(#water)"/>
    ${suns.map(drawGlitter).join('')}
    ${bars.map(drawReflection).join('')}
    ${lettering(title, 96, 100, 54, 7)}
    ${lettering(artist, 98, 190, 21, 3)}
  </svg>`
}

interface Bar {
  x: number
  width: number
  height: number
}

function skyline(): Bar[] {
  const random = makeRandom('skyline')
  const count = 54
  const pitch = size / count
  return Array.from({ length: count }, (_, index) => {
    const swell = 0.55 + 0.45 * Math.sin(index * 0.37 + 0.6) * Math.sin(index * 0.11 + 1)
    return {
      x: index * pitch + pitch * 0.16,
      width: pitch * 0.68,
      height: 26 + 175 * swell * (0.3 + 0.7 * random()),
    }
  })
}

function drawTower({ x, width, height }: Bar): string {
  return `<rect x="${x}" y="${horizon - height}" width="${width}" height="${height + width}" rx="${width / 2}" fill="url(#tower)"/>`
}

function drawReflection({ x, width, height }: Bar): string {
  return `<rect x="${x}" y="${horizon - width}" width="${width}" height="${height * 0.8 + width}" rx="${width / 2}"
    fill="#14153f" fill-opacity=".55"/>`
}

function drawSun({ x, y, radius, colour }: (typeof suns)[number], index: number): string {
  return `<circle cx="${x}" cy="${y}" r="${radius * 2.1}" fill="url(#glow${index})"/>
    <circle cx="${x}" cy="${y}" r="${radius}" fill="${colour}" fill-opacity=".86"/>`
}

/** A sun on the water: strokes that grow shorter towards the viewer. */
function drawGlitter({ x, radius, colour }: (typeof suns)[number], index: number): string {
  const random = makeRandom(`glitter ${index}`)
  const strokes = Array.from({ length: 15 }, (_, row) => {
    const length = radius * 1.5 * (1 - row / 16) * (0.5 + 0.5 * random())
    const middle = x + (random() - 0.5) * 30
    const y = horizon + 18 + row * 25
    return `<path d="M${middle - length / 2} ${y}h${length}" stroke="${colour}" stroke-width="7" stroke-linecap="round"
      stroke-opacity="${0.6 * (1 - row / 16)}"/>`
  })
  return strokes.join('')
}

function gradient(id: string, colours: readonly string[]): string {
  const stops = colours.map(
    (colour, index) => `<stop offset="${index / (colours.length - 1)}" stop-color="${colour}"/>`,
  )
  return `<linearGradient id="${id}" x2="0" y2="1">${stops.join('')}</linearGradient>`
}

function glow(index: number, colour: string): string {
  return `<radialGradient id="glow${index}"><stop offset=".4" stop-color="${colour}" stop-opacity=".5"/>
    <stop offset="1" stop-color="${colour}" stop-opacity="0"/></radialGradient>`
}

/** Faint noise, so that the gradients do not show bands. */
function grain(): Buffer {
  const random = makeRandom('grain')
  const pixels = Buffer.alloc(size * size * 4)
  for (let index = 0; index < pixels.length; index += 4) {
    const isLight = random() < 0.5
    pixels.fill(isLight ? 255 : 0, index, index + 3)
    pixels[index + 3] = Math.floor(random() * 16)
  }
  return pixels
}
