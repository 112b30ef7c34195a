/** A JSON answer of known length, so that it is not sent in chunks. */
export function jsonResponse(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return textResponse(JSON.stringify(value), status, { "Content-Type": "application/json", ...headers })
}

/** A text answer of known length; `headers` name its type. */
export function textResponse(text: string, status: number, headers: Readonly<Record<string, string>>): Response {
  const bytes = new TextEncoder().encode(text)
  return new Response(bytes, { status, headers: { ...headers, "Content-Length": String(bytes.length) } })
}
