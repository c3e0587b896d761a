/** One measured value. `isMet` is null where the value has no goal. */
export type Figure = {
  figure: string
  value: number
  unit: string
  goal: string | null
  isMet: boolean | null
}

/** A value that is only told. */
export function told(figure: string, value: number, unit: string): Figure {
  return { figure, value, unit, goal: null, isMet: null }
}

export function atLeast(goal: number, figure: string, value: number, unit: string): Figure {
  return { figure, value, unit, goal: `>= ${goal}`, isMet: value >= goal }
}

export function atMost(goal: number, figure: string, value: number, unit: string): Figure {
  return { figure, value, unit, goal: `<= ${goal}`, isMet: value <= goal }
}

/** One JSON line a figure. */
export function figureLine(bench: string, { figure, value, unit, goal, isMet }: Figure): string {
  return JSON.stringify({ bench, figure, value: Number(rounded(value)), unit, goal, ok: isMet })
}

/** A table for the terminal. */
export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ figure, value, unit, goal, isMet }) => [
    figure,
    rounded(value),
    unit,
    goal ?? '',
    isMet === null ? '' : isMet ? 'ok' : 'MISSED',
  ])
  const header = ['figure', 'value', 'unit', 'goal', '']
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)),
  )
  const line = (row: string[]) =>
    row
      .map((cell, column) =>
        column === 1 ? cell.padStart(widths[1] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}

/** Three significant digits, and every digit before the point. */
function rounded(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}
