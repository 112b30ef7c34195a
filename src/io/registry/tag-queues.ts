interface Batch {
  readonly items: unknown[]
  readonly result: Promise<unknown>
}

/**
 * One writer at a time per tag within a process. Others of the process wait their turn instead of fighting over the tag
 * with requests, or join the next turn as a whole.
 */
export class TagQueues {
  readonly #tails = new Map<string, Promise<unknown>>()
  readonly #waiting = new Map<string, Batch>()

  /**
   * Run `work` after everything queued for `key` before it.
   *
   * @param key - repository and tag.
   */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve()
    const turn = before.then(work, work)
    const tail = turn.catch(() => undefined)
    this.#tails.set(key, tail)
    try {
      return await turn
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    }
  }

  /**
   * Like {@link run}, for work that can be merged: items that arrive while another turn runs are worked on together.
   *
   * @param work - the same function for one key, whoever calls.
   * @returns the result of the turn `item` was in.
   */
  async batch<I, R>(key: string, item: I, work: (items: readonly I[]) => Promise<R>): Promise<R> {
    let batch = this.#waiting.get(key)
    if (batch === undefined) {
      const items: unknown[] = []
      const result = this.run(key, () => {
        this.#waiting.delete(key)
        return work(items as I[])
      })
      batch = { items, result }
      this.#waiting.set(key, batch)
    }
    batch.items.push(item)
    return (await batch.result) as R
  }
}
