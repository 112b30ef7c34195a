import { deferred } from "./deferred.ts"
import { netError } from "./net-errors.ts"

/** Waits; rejects with the signal's reason when aborted. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>

/** Requests in flight and the pause of one host. */
interface Host {
  running: number
  readonly waiting: (() => void)[]
  /** Milliseconds since the epoch before which nothing is sent. */
  closedUntil: number
}

/** Per-host limit, first come first served, with one pause for all after a 429. */
export interface HostGate {
  /**
   * Wait for the pause to end and for a free place.
   * @param counted - false: only the pause counts (an upload fed by another request must not wait for it).
   * @returns gives the place back; may be called more than once.
   */
  enter(origin: string, counted: boolean, signal: AbortSignal): Promise<() => void>
  /** Nobody sends to `origin` for `ms` milliseconds from now. */
  close(origin: string, ms: number): void
}

/** Make a gate of `perHost` places for each origin. */
export function createHostGate(options: {
  readonly perHost: number
  readonly now: () => number
  readonly sleep: Sleep
}): HostGate {
  const hosts = new Map<string, Host>()
  const hostOf = (origin: string): Host => {
    const host = hosts.get(origin) ?? { running: 0, waiting: [], closedUntil: 0 }
    hosts.set(origin, host)
    return host
  }
  const pause = async (host: Host, signal: AbortSignal): Promise<void> => {
    for (let until = 0; host.closedUntil > until;) {
      until = host.closedUntil
      const wait = until - options.now()
      if (wait > 0) await options.sleep(wait, signal)
    }
  }
  return {
    async enter(origin, counted, signal) {
      const host = hostOf(origin)
      const leave = counted ? await takePlace(host, options.perHost, signal) : (): void => undefined
      try {
        await pause(host, signal)
      } catch (thrown) {
        leave()
        throw thrown
      }
      return leave
    },
    close(origin, ms) {
      const host = hostOf(origin)
      host.closedUntil = Math.max(host.closedUntil, options.now() + ms)
    },
  }
}

async function takePlace(host: Host, perHost: number, signal: AbortSignal): Promise<() => void> {
  if (host.running >= perHost) await queue(host, signal)
  else host.running++
  let held = true
  return () => {
    if (!held) return
    held = false
    // The place passes to the next in line without becoming free in between.
    const next = host.waiting.shift()
    if (next === undefined) host.running--
    else next()
  }
}

function queue(host: Host, signal: AbortSignal): Promise<undefined> {
  const { promise, resolve, reject } = deferred<undefined>()
  const turn = (): void => {
    signal.removeEventListener("abort", leave)
    resolve(undefined)
  }
  const leave = (): void => {
    const at = host.waiting.indexOf(turn)
    if (at >= 0) host.waiting.splice(at, 1)
    reject(
      signal.reason instanceof Error
        ? signal.reason
        : netError("E_NET_TIMEOUT", { what: "the request was cancelled", why: "while waiting for its turn" }, "no"),
    )
  }
  if (signal.aborted) leave()
  else {
    host.waiting.push(turn)
    signal.addEventListener("abort", leave, { once: true })
  }
  return promise
}
