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
  const failures: unknown[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const index = next++
      try {
        results[index] = await work(items[index] as In, index)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, Math.min(width, items.length)) }, worker))
  if (failures.length > 0) throw failures[0]
  return results
}
