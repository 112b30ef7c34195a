/**
 * Map with at most `width` calls under way. Results come in input order; the first rejection rejects the whole, after
 * the calls under way have settled, so that nothing goes on behind the caller's back.
 *
 * @param width - at least 1.
 */
export async function mapBounded<In, Out>(
  items: readonly In[],
  width: number,
  work: (item: In, index: number) => Promise<Out>,
): Promise<Out[]> {
  const results: Out[] = []
  let next = 0
  let failed = false
  let failure: unknown
  const worker = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const index = next++
      try {
        results[index] = await work(items[index] as In, index)
      } catch (error) {
        if (!failed) failure = error
        failed = true
      }
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, Math.min(width, items.length)) }, worker))
  if (failed) throw failure
  return results
}
