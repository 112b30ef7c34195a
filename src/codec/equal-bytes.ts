/** Whether two arrays hold the same bytes. For what everybody may know: how long it takes tells where they differ. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  // A callback for each byte takes several times as long.
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

/** {@link equalBytes} of what may be absent: two that are absent are the same. */
export function equalOrAbsent(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b)
}
