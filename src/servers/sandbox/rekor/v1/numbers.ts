import { LogRefusal } from "../refusal.ts"

/**
 * A whole number of the query.
 *
 * @throws {LogRefusal} 422 when it is missing, no number or below `min`, as upstream's server.
 */
export function numberOf(query: URLSearchParams, name: string, min: number): number {
  const text = query.get(name)
  if (text === null || text === "") throw new LogRefusal(422, `${name} in query is required`)
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : -1
  if (value >= min) return value
  throw new LogRefusal(
    422,
    `${name} in query must be a whole number from ${min} on: ${JSON.stringify(text.slice(0, 40))}`,
  )
}
