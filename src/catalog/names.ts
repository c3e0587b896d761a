const LEADING_ARTICLE = /^(the|an?) (?=.)/

/** A name as tags are compared: compatibility-folded, lower case, single spaces. Diacritics stay: Björk is not Bjork here. */
export function matchKeyOf(name: string): string {
  return name.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim()
}

/** A name as lists are ordered: like {@link matchKeyOf}, without a leading English article. */
export function sortNameOf(name: string): string {
  return matchKeyOf(name).replace(LEADING_ARTICLE, '')
}

/** How tags find a release again: one owner, the same album artists, the same title. */
export function releaseKeyOf(ownerAccountId: string, albumArtists: string[], title: string): string {
  return JSON.stringify([ownerAccountId, albumArtists.map(matchKeyOf), matchKeyOf(title)])
}
