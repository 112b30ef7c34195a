import { jsonResponse } from "./json-response.ts"

/** Codes of the distribution specification, and the few that registries of the field add. */
export type FaultCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "SIZE_INVALID"
  | "UNAUTHORIZED"
  | "DENIED"
  | "UNSUPPORTED"
  | "TOOMANYREQUESTS"
  | "RANGE_INVALID"
  | "TAG_INVALID"
  | "PAGINATION_NUMBER_INVALID"
  | "PRECONDITION_FAILED"
  | "UNAVAILABLE"
  | "UNKNOWN"

/** More about a refusal. */
export interface FaultInit {
  readonly detail?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A request this registry refuses. Thrown inside handlers, turned into an answer at their border. */
export class RegistryFault extends Error {
  override readonly name = "RegistryFault"
  readonly status: number
  readonly code: FaultCode
  readonly detail: unknown
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: FaultCode, message: string, init: FaultInit = {}) {
    super(message)
    this.status = status
    this.code = code
    this.detail = init.detail
    this.headers = init.headers ?? {}
  }
}

/** The answer to a refused request. Spec: distribution-spec "Error Codes". */
export function faultResponse(fault: RegistryFault): Response {
  const entry = {
    code: fault.code,
    message: fault.message,
    ...(fault.detail === undefined ? {} : { detail: fault.detail }),
  }
  return jsonResponse({ errors: [entry] }, fault.status, fault.headers)
}
