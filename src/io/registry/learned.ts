import type { Clock } from "../../core/ports.ts"

/** How long something learned about a server is believed, in milliseconds; servers are upgraded under our feet. */
const LIFETIME_MS = 10 * 60 * 1000

/** What can be learned. Per origin, or per origin and repository where servers decide so. */
export type Capability =
  /** Referrers API, per repository. */
  | "referrers"
  /** POST of a whole blob with its digest, per origin. */
  | "single-post"
  /** If-Match on manifest PUT, per origin. */
  | "if-match"
  /** If-None-Match on manifest PUT, per origin. */
  | "if-none-match"

/** What requests taught about servers; never by vendor name. */
export class Learned {
  readonly #clock: Clock
  readonly #facts = new Map<string, { readonly able: boolean; readonly until: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `undefined` when not known or not known any more. */
  recall(capability: Capability, place: string): boolean | undefined {
    const fact = this.#facts.get(`${capability} ${place}`)
    return fact === undefined || fact.until <= this.#clock.now() ? undefined : fact.able
  }

  note(capability: Capability, place: string, able: boolean): void {
    this.#facts.set(`${capability} ${place}`, { able, until: this.#clock.now() + LIFETIME_MS })
  }
}
