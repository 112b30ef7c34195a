import { concatBytes } from "../../codec/concat-bytes.ts"

/** Body of at most `max` bytes; `undefined` past that. */
export async function readBody(request: Request, max: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  const body = (request.body ?? []) as AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  for await (const chunk of body) {
    size += chunk.length
    if (size > max) return undefined
    chunks.push(chunk)
  }
  return concatBytes(chunks)
}
