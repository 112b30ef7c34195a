import type { HttpClient } from "../io/net/http-types.ts"
import type { LazyHttp } from "./lazy-http.ts"

/**
 * Lends an HTTP client to whoever works with it at the same time, and closes it when the last one is done: idle
 * connections would keep the process alive.
 *
 * @param make - a client that nobody else closes.
 */
export function countedHttp(
  make: () => LazyHttp,
): <T>(work: (http: () => Promise<HttpClient>) => Promise<T>) => Promise<T> {
  let current: { readonly http: LazyHttp; users: number } | undefined
  return async (work) => {
    const used = (current ??= { http: make(), users: 0 })
    used.users++
    try {
      return await work(() => used.http.open())
    } finally {
      used.users--
      if (used.users === 0) {
        if (current === used) current = undefined
        await used.http.close()
      }
    }
  }
}
