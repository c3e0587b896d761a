import { parentPort, workerData } from 'node:worker_threads'
import { album } from './album.ts'
import { renderPcm } from './render.ts'

const piece = album.pieces.find(({ slug }) => slug === workerData)
if (!piece) throw new RangeError(`no piece ${workerData}`)
const pcm = renderPcm(piece)
parentPort?.postMessage(pcm, [pcm.buffer])
