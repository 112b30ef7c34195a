/**
 * Code that is loaded when it is first asked for. Whoever asks again gets what is there: an import goes through the whole loader
 * of modules, however often it was made before, and that shows where signatures are verified by the thousand.
 */
export function loadedOnce<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined
  return () => (loading ??= load())
}
