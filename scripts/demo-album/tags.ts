import type { Album } from './album.ts'
import { plainLyrics, syncedLyrics } from './lyrics.ts'
import type { Piece } from './score.ts'

/** Vorbis comments of one track, under the names ffmpeg has for them. */
export function tagsOf(album: Album, piece: Piece): Record<string, string> {
  return {
    TITLE: piece.title,
    ARTIST: album.artist,
    ALBUM: album.title,
    album_artist: album.artist,
    track: String(album.pieces.indexOf(piece) + 1),
    TRACKTOTAL: String(album.pieces.length),
    disc: '1',
    DISCTOTAL: '1',
    DATE: album.date,
    GENRE: piece.genre,
    COMPOSER: album.artist,
    BPM: String(piece.bpm),
    INITIALKEY: piece.key,
    LYRICS: syncedLyrics(piece),
    UNSYNCEDLYRICS: plainLyrics(piece),
  }
}
