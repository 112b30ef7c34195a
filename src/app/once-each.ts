/**
 * Remembers work by name, so that what is named twice in one command is done once. Everybody who asks gets the same
 * result, also while it is under way, and the same failure.
 */
export function onceEach<Result>(): (name: string, work: () => Promise<Result>) => Promise<Result> {
  const started = new Map<string, Promise<Result>>()
  return (name, work) => {
    const known = started.get(name) ?? work()
    started.set(name, known)
    return known
  }
}
