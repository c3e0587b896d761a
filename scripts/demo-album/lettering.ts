/** Strokes of each letter in a box 10 wide and 14 high: drawn, because a computer may have no fonts at all. */
const letters: Record<string, string> = {
  A: 'M0 14L5 0L10 14M1.8 9H8.2',
  B: 'M0 0V14H5.5A3.7 3.7 0 0 0 5.5 6.6H0M0 0H5A3.3 3.3 0 0 1 5 6.6',
  D: 'M0 0V14H3A7 7 0 0 0 3 0Z',
  E: 'M9 0H0V14H9M0 7H7.5',
  F: 'M9 0H0V14M0 7H7.5',
  G: 'M9.6 3A6 7 0 1 0 10 9V7.5H5.5',
  H: 'M0 0V14M10 0V14M0 7H10',
  L: 'M0 0V14H8',
  M: 'M0 14V0L5 8L10 0V14',
  N: 'M0 14V0L10 14V0',
  O: 'M5 0A5 7 0 1 0 5 14A5 7 0 1 0 5 0Z',
  R: 'M0 14V0H5.5A3.7 3.7 0 0 1 5.5 7.4H0M4.5 7.4L9.5 14',
  S: 'M9 2.4A4.4 3.5 0 1 0 5 7A4.4 3.5 0 1 1 0.8 11.4',
  U: 'M0 0V9A5 5 0 0 0 10 9V0',
}
const advance = 16

/** One line of capitals as an SVG group, `height` pixels high, with its top left corner at (x, y). */
export function lettering(text: string, x: number, y: number, height: number, strokeWidth: number): string {
  const scale = height / 14
  const paths = [...text.toUpperCase()].map((letter, index) => {
    const path = letters[letter]
    return path ? `<path d="${path}" transform="translate(${index * advance} 0)"/>` : ''
  })
  return `<g transform="translate(${x} ${y}) scale(${scale})" fill="none" stroke="#fff4e2" stroke-linecap="round"
    stroke-linejoin="round" stroke-width="${strokeWidth / scale}">${paths.join('')}</g>`
}
