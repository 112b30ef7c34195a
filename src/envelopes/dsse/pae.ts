import { encodeUtf8 } from "../../codec/utf8.ts"

/**
 * The bytes a DSSE signature covers: `DSSEv1`, then length and bytes of payload type and payload.
 *
 * @param payloadType - its length counts UTF-8 bytes, not characters.
 * @param payload - exact bytes.
 *
 * Spec: secure-systems-lab/dsse protocol.md, "Signature Definition".
 */
export function pae(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = encodeUtf8(payloadType, "payload type")
  const head = encodeUtf8(`DSSEv1 ${type.length} `)
  const middle = encodeUtf8(` ${payload.length} `)
  const out = new Uint8Array(head.length + type.length + middle.length + payload.length)
  out.set(head)
  out.set(type, head.length)
  out.set(middle, head.length + type.length)
  out.set(payload, head.length + type.length + middle.length)
  return out
}
