/** A JSON answer that nobody keeps. */
export function json(value: unknown, status = 200): Response {
  return Response.json(value, { status, headers: { "cache-control": "no-store", "x-content-type-options": "nosniff" } })
}

/** An error of OAuth. Spec: RFC 6749 5.2. */
export function oauthError(error: string, description: string, status = 400): Response {
  return json({ error, error_description: description }, status)
}
