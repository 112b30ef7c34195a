/**
 * A member name as Go's JSON decoder compares names: without regard to case, by Unicode's simple folding.
 *
 * SECURITY: two characters outside ASCII fold into it, U+017F (long s) and U+212A (Kelvin sign). A name written with them
 * is the plain name to Go.
 */
export function goFoldedName(name: string): string {
  return name.replaceAll("\u017f", "s").replaceAll("\u212a", "k").toLowerCase()
}
