/** Token scopes: `type:name:action[,action]`, as in distribution's auth/scope document. */

/** Most scopes of one token; real ones have one to three. */
const MAX_SCOPES = 64

/**
 * One normal form of several scope sets: actions of one resource merged and sorted, `*` absorbing the others, sorted
 * list. Text that does not parse is kept as it is.
 *
 * @param scopes - each entry may hold several scopes separated by spaces.
 */
export function mergeScopes(...scopes: readonly (readonly string[])[]): readonly string[] {
  const resources = new Map<string, Set<string>>()
  const others = new Set<string>()
  const all = scopes.flat().flatMap((entry) => entry.split(" ").filter((scope) => scope !== ""))
  for (const scope of all.slice(0, MAX_SCOPES)) {
    // Names may contain a port's colon; type and actions never do.
    const match = /^([^:]+:.+):([^:]+)$/.exec(scope)
    if (match === null) {
      others.add(scope)
      continue
    }
    const [, resource = "", actions = ""] = match
    const found = resources.get(resource) ?? new Set()
    for (const action of actions.split(",")) if (action !== "") found.add(action)
    resources.set(resource, found)
  }
  const merged = [...resources].map(([resource, actions]) => {
    const list = actions.has("*") ? ["*"] : [...actions].toSorted()
    return `${resource}:${list.join(",")}`
  })
  return [...merged, ...others].toSorted()
}

/** Whether every right of `wanted` is within `held`. */
export function coversScopes(held: readonly string[], wanted: readonly string[]): boolean {
  const both = mergeScopes(held, wanted)
  const alone = mergeScopes(held)
  return both.length === alone.length && both.every((scope, at) => scope === alone[at])
}

/** Repository of the first `repository:` scope, which chooses the credentials. */
export function repositoryOf(scopes: readonly string[]): string | undefined {
  for (const scope of scopes) {
    const match = /^repository:(.+):[^:]*$/.exec(scope)
    if (match !== null) return match[1]
  }
  return undefined
}
