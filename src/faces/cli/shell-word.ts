/** A text as one word of a POSIX shell. SECURITY: in single quotes nothing is special but they themselves. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
