/** How a registry can misbehave; each of these was seen at a real one. Everything absent behaves well. */
export interface RegistryFaults {
  /** What the referrers API answers. The manifests are stored all the same. */
  readonly referrers?: "404-text" | "404-name-unknown" | "303-other-host" | "403" | "405" | "429" | "501" | "200-html"
  /** `absent`: no OCI-Subject though the API works. `always`: sent though the API does not. `wrong`: another digest. */
  readonly ociSubject?: "absent" | "always" | "wrong"
  /** The artifactType filter is not applied and not announced. */
  readonly filterIgnored?: boolean
  /** Most items of any page; further ones by Link. */
  readonly pageSize?: number
  /** Send this as the target of every `Link: rel="next"`. */
  readonly nextLink?: string
  /** A read of the tag `sha256-<hex>` gives the manifest `sha256:<hex>` itself. */
  readonly fallbackTagIsSubject?: boolean
  /** Every entry of an index read by the tag `sha256-<hex>` claims this artifactType and no annotations. */
  readonly fallbackArtifactType?: string
  /** Tags cannot be moved: 400 TAG_INVALID. */
  readonly immutableTags?: boolean
  /** A manifest that a stored index lists cannot be deleted: 405. */
  readonly deleteRefusedWhileIndexed?: boolean
  /** `If-Match` and `If-None-Match` of changes are not looked at. */
  readonly conditionsIgnored?: boolean
  /** While a tag is being written, reads of it give this status. */
  readonly tagReadDuringWrite?: 404 | 500

  /** `Docker-Content-Digest` of blobs and manifests. */
  readonly digestHeader?: "absent" | "wrong"
  /** HEAD answers 405. */
  readonly headUnsupported?: boolean
  /** Wrong bytes of the right length, in reads of blobs, manifests or both. */
  readonly wrongBytes?: "blobs" | "manifests" | "all"
  /** Bytes added to the end of every blob and manifest, the headers fitting them. */
  readonly extraBytes?: number
  /** Compress blobs and manifests with gzip whatever the client accepts, as some proxies do. */
  readonly gzip?: boolean
  /** Reset the connection after this many bytes of a blob or manifest body. */
  readonly resetDownloadAt?: FaultAt
  /** End the connection after this many bytes, the headers promising all of them. */
  readonly truncateDownloadAt?: FaultAt
  /** Answer blob GET and HEAD with 307 to {@link TestRegistry.objectStore}, which refuses Authorization. */
  readonly blobRedirect?: boolean

  /** Status of a successful PATCH. */
  readonly patchStatus?: 204 | 201
  /** What POST with `?digest=` gives; 202: the upload has to be completed by PUT. */
  readonly singlePost?: 202 | 400 | 404 | 405
  /** Form of the upload Location; `other-host` is the object store. Default `relative`. */
  readonly location?: "relative" | "absolute" | "other-host" | "query"
  /** Send this as the Location of every upload. */
  readonly locationUrl?: string
  /** Reset the connection after this many bytes of an upload body. */
  readonly resetUploadAt?: FaultAt
  /** A manifest push is refused once with MANIFEST_BLOB_UNKNOWN, this many times. */
  readonly blobUnknown?: { readonly times: number }

  /** Who may come in. Default: everybody. */
  readonly auth?: AuthFault
  /** 429 so many times. `retryAfter` is sent as it is: seconds or an HTTP date. */
  readonly tooManyRequests?: { readonly times: number; readonly retryAfter?: string }
  /** This status so many times. Default 503. */
  readonly serverErrors?: { readonly times: number; readonly status?: number; readonly retryAfter?: string }
  /** Never answer. */
  readonly hang?: boolean
  /** Milliseconds before each answer. */
  readonly delayMs?: number
  /** Only requests for which this is true get any of the faults above except `auth`. */
  readonly where?: (request: { readonly method: string; readonly path: string }) => boolean
}

/** A fault at a byte offset; `times` bounds how often it happens (default: always). */
export interface FaultAt {
  readonly byte: number
  readonly times?: number
}

/** How a client has to prove itself. */
export interface AuthFault {
  /** `loop`: every request is 401 whatever is sent. */
  readonly kind: "basic" | "bearer" | "loop"
  /** Default `user` and `secret`. */
  readonly username?: string
  readonly password?: string
  /** Reads need no credentials (for `bearer`: no credentials at the token service). */
  readonly anonymousPull?: boolean
  /** A token is good for so many requests only. */
  readonly tokenUses?: number
  /** The token service does not know the OAuth2 POST form: 404. */
  readonly noOauthPost?: boolean
  /** Refresh token the POST form accepts. */
  readonly refreshToken?: string
  /** Where the challenge sends the client. Default: `/token` of this registry. */
  readonly realm?: string
}
