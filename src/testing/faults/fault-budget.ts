/** Counts how often a bounded fault has happened. */
export interface FaultBudget {
  /** True when the fault may happen once more; undefined `times` means always. */
  take(name: string, times: number | undefined): boolean
}

/** A budget of which nothing is spent. */
export function createFaultBudget(): FaultBudget {
  const spent = new Map<string, number>()
  return {
    take(name, times) {
      const count = spent.get(name) ?? 0
      if (times !== undefined && count >= times) return false
      spent.set(name, count + 1)
      return true
    },
  }
}
