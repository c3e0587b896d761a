/** What a file's own headers claim about it, read without ffmpeg, which corrects claims silently. */
export type Declaration = {
  /** Claimed length; null where nothing is claimed. */
  seconds: number | null
  /** How much of it may be an encoder's priming and padding, which no decoder gives out. */
  slackSeconds: number
  /** Something seen on the way that makes the file less than whole. */
  damage: string | null
  /** False where the bytes cannot be this format at all, although a decoder may find frames in them by chance. */
  isPlausible: boolean
}

export const NO_DECLARATION: Declaration = { seconds: null, slackSeconds: 0, damage: null, isPlausible: true }
