/** An error answer in the form of the distribution specification. */
export function errorAnswer(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const body = JSON.stringify({ errors: [{ code, message }] })
  return new Response(body, { status, headers: { "Content-Type": "application/json", ...headers } })
}

/** A copy with other headers; undefined removes one. */
export function withHeaders(response: Response, changes: Readonly<Record<string, string | undefined>>): Response {
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) headers.delete(name)
    else headers.set(name, value)
  }
  return new Response(response.body, { status: response.status, headers })
}
