/** A JSON value as our strict reader returns it: integers outside ±(2^53-1) arrive as `bigint`. */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject

/** A JSON object without prototype; key order is the order in the text. */
export interface JsonObject {
  readonly [key: string]: JsonValue
}
