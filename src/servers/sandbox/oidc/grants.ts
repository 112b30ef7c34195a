import { createHash, timingSafeEqual } from "node:crypto"
import { encodeBase64Url } from "../../../codec/base64.ts"
import type { Clock, Randomness } from "../../../core/ports.ts"

/** Milliseconds a person has to log in, and a program to fetch the token. */
const LOGIN_MS = 10 * 60_000
const CODE_MS = 2 * 60_000
/** Logins under way at the same time; the oldest goes. */
const MOST = 1000
/** Letters of user codes: none that look like another, no vowels. */
const USER_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"

/** What an authorization request asked for. Everything in it has been checked. */
export interface AuthorizationRequest {
  readonly clientId: string
  readonly redirectUri: string
  readonly challenge: string
  readonly state?: string
  readonly nonce?: string
}

/** A code that can be changed for a token once. */
export interface CodeGrant {
  readonly request: AuthorizationRequest
  readonly email: string
}

/** A login on another device. */
export interface DeviceGrant {
  readonly clientId: string
  readonly userCode: string
  /** Absent: the client does not use PKCE. */
  readonly challenge?: string
  /** Undecided while absent. */
  decision?: { readonly email: string } | "denied"
  /** Milliseconds since the epoch when the client last asked. */
  asked?: number
}

/** Things that end: a bounded table in memory. */
export interface Expiring<Value> {
  /** @returns the key, 256 random bits unless given. */
  add(value: Value, key?: string): string
  get(key: string): Value | undefined
  /** The value, which is gone afterwards. */
  take(key: string): Value | undefined
}

/** Logins under way. In memory: a restart of the server ends them. */
export interface Grants {
  readonly logins: Expiring<AuthorizationRequest>
  readonly codes: Expiring<CodeGrant>
  /** By device code. */
  readonly devices: Expiring<DeviceGrant>
  /** Device codes by user code. */
  readonly userCodes: Expiring<string>
  newUserCode(): string
}

/** No logins. */
export function createGrants(clock: Clock, randomness: Randomness): Grants {
  const table = <Value>(ms: number): Expiring<Value> => expiring<Value>(ms, clock, randomness)
  return {
    logins: table(LOGIN_MS),
    codes: table(CODE_MS),
    devices: table(LOGIN_MS),
    userCodes: table(LOGIN_MS),
    newUserCode: () => {
      const letters = [...randomness.bytes(8)].map((byte) => USER_LETTERS[byte % USER_LETTERS.length] ?? "B").join("")
      return `${letters.slice(0, 4)}-${letters.slice(4)}`
    },
  }
}

/** Seconds a device code is good for. */
export const DEVICE_SECONDS: number = LOGIN_MS / 1000

function expiring<Value>(ms: number, clock: Clock, randomness: Randomness): Expiring<Value> {
  const rows = new Map<string, { readonly value: Value; readonly until: number }>()
  const get = (key: string): Value | undefined => {
    const row = rows.get(key)
    return row !== undefined && clock.now() <= row.until ? row.value : undefined
  }
  return {
    add(value, key = randomText(randomness)) {
      const [oldest] = rows.keys()
      if (rows.size >= MOST && oldest !== undefined) rows.delete(oldest)
      rows.set(key, { value, until: clock.now() + ms })
      return key
    },
    get,
    take(key) {
      const value = get(key)
      rows.delete(key)
      return value
    },
  }
}

/** 256 random bits in the URL alphabet of base64. */
export function randomText(randomness: Randomness): string {
  return encodeBase64Url(randomness.bytes(32))
}

/** Whether a verifier belongs to an S256 challenge. Spec: RFC 7636 4.6. */
export function verifierFits(verifier: string | undefined, challenge: string): boolean {
  if (verifier === undefined || !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return false
  const computed = encodeBase64Url(new Uint8Array(createHash("sha256").update(verifier).digest()))
  return computed.length === challenge.length && timingSafeEqual(Buffer.from(computed), Buffer.from(challenge))
}
