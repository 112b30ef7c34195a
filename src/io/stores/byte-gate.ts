/** Bounds the bytes that are in memory at once; what is larger than the bound goes in alone. First come, first served. */
export class ByteGate {
  readonly #max: number
  readonly #waiting: { readonly bytes: number; enter(): void }[] = []
  #inside = 0

  constructor(max: number) {
    this.#max = max
  }

  /** Run `work` while `bytes` are counted. */
  async hold<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((resolve) => {
      this.#waiting.push({ bytes, enter: resolve })
      this.#admit()
    })
    try {
      return await work()
    } finally {
      this.#inside -= bytes
      this.#admit()
    }
  }

  #admit(): void {
    for (;;) {
      const [next] = this.#waiting
      if (next === undefined || (this.#inside > 0 && this.#inside + next.bytes > this.#max)) return
      this.#waiting.shift()
      this.#inside += next.bytes
      next.enter()
    }
  }
}
