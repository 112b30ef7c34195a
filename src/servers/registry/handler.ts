import { Hono, type Context } from "hono"
import { PatternRouter } from "hono/router/pattern-router"
import { asToolError, type ToolError } from "../../core/errors.ts"
import { deleteBlob, getBlob } from "./blobs.ts"
import { listRepositories } from "./catalog.ts"
import { faultResponse, RegistryFault } from "./fault.ts"
import { jsonResponse } from "./json-response.ts"
import { deleteManifest, getManifest } from "./manifests.ts"
import { expectRepository } from "./names.ts"
import { DEFAULT_LIMITS, type Access, type RegistryContext, type RegistryHandlerOptions } from "./options.ts"
import { normalPath, pathOfUrl } from "./path.ts"
import { putManifest } from "./put-manifest.ts"
import { listReferrers } from "./referrers.ts"
import { listTags } from "./tags.ts"
import { deleteUpload, getUpload, patchUpload, postUpload, putUpload } from "./uploads.ts"

/** A registry as a function of the request. */
export type RegistryHandler = (request: Request) => Promise<Response>

/** One endpoint: `name` is a valid repository (or empty), `reference` the last path segment. */
type Endpoint = (request: Request, name: string, reference: string) => Promise<Response>

/** A path that no route has, for requests whose path has no normal form. */
const REFUSED_PATH = "/refused"

/**
 * Build a registry that speaks the OCI distribution protocol, version 1.1 and what is decided for the next one.
 *
 * @returns a handler without sockets, clock or environment; every failure is an answer, it never rejects.
 */
export function createRegistryHandler(options: RegistryHandlerOptions): RegistryHandler {
  const context: RegistryContext = {
    storage: options.storage,
    logger: options.logger,
    sparse: options.sparse ?? false,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    authorize: options.authorize,
  }
  const app = new Hono({
    // Names have slashes; the other routers take a pattern that spans segments only at the end of a path.
    router: new PatternRouter(),
    // SECURITY: routes, rules and endpoints see this one form of the path.
    getPath: (request): string => normalPath(pathOfUrl(request.url)) ?? REFUSED_PATH,
  })
  addRoutes(app, context, options)
  app.notFound(() => faultResponse(new RegistryFault(404, "UNSUPPORTED", "there is no such endpoint")))
  app.onError((thrown) => failureResponse(thrown, context))
  return async (request) => {
    const response = await app.fetch(request)
    response.headers.set("Docker-Distribution-API-Version", "registry/2.0")
    return response
  }
}

function addRoutes(app: Hono, context: RegistryContext, options: RegistryHandlerOptions): void {
  const on = (method: string, path: string, action: Access["action"], endpoint: Endpoint): void => {
    app.on(method, path, async (c: Context) => {
      const name = c.req.param("name")
      const repository = name === undefined ? undefined : expectRepository(name)
      const refused = await options.authorize?.({ action, repository }, c.req.raw)
      if (refused !== undefined) return refused
      if (action === "delete" && options.allowDelete !== true) throw deletionDisabled()
      return endpoint(c.req.raw, repository ?? "", c.req.param("reference") ?? "")
    })
  }
  const ping: Endpoint = () => Promise.resolve(jsonResponse({}))
  on("GET", "/v2", "ping", ping)
  on("GET", "/v2/_catalog", "catalog", (request) => listRepositories(context, request))

  const manifests = "/v2/:name{.+}/manifests/:reference"
  on("GET", manifests, "pull", (request, name, reference) => getManifest(context, request, name, reference))
  on("PUT", manifests, "push", (request, name, reference) => putManifest(context, request, name, reference))
  on("DELETE", manifests, "delete", (request, name, reference) => deleteManifest(context, request, name, reference))

  const uploads = "/v2/:name{.+}/blobs/uploads"
  on("POST", uploads, "push", (request, name) => postUpload(context, request, name))
  const session = `${uploads}/:reference`
  on("GET", session, "push", (_, name, id) => getUpload(context, name, id))
  on("PATCH", session, "push", (request, name, id) => patchUpload(context, request, name, id))
  on("PUT", session, "push", (request, name, id) => putUpload(context, request, name, id))
  on("DELETE", session, "delete", (_, name, id) => deleteUpload(context, name, id))

  const blobs = "/v2/:name{.+}/blobs/:reference"
  on("GET", blobs, "pull", (request, name, reference) => getBlob(context, request, name, reference))
  on("DELETE", blobs, "delete", (_, name, reference) => deleteBlob(context, name, reference))

  on("GET", "/v2/:name{.+}/tags/list", "pull", (request, name) => listTags(context, request, name))
  on("GET", "/v2/:name{.+}/referrers/:reference", "pull", (request, name, reference) =>
    listReferrers(context, request, name, reference),
  )
}

function deletionDisabled(): RegistryFault {
  return new RegistryFault(405, "UNSUPPORTED", "deletion is disabled on this registry")
}

function failureResponse(thrown: unknown, context: RegistryContext): Response {
  if (thrown instanceof RegistryFault) return faultResponse(thrown)
  const error = asToolError(thrown)
  context.logger.warn("registry.failure", { code: error.code, what: error.what, why: error.why ?? "" })
  return faultResponse(faultOf(error))
}

/** SECURITY: the client learns the kind of failure, not paths or messages of the system. */
function faultOf(error: ToolError): RegistryFault {
  const { errno } = error.details
  if (errno === "ENOSPC" || errno === "EDQUOT") {
    return new RegistryFault(507, "UNAVAILABLE", "the registry's storage is full; nothing was stored")
  }
  if (error.code === "E_STORAGE_CORRUPT") {
    return new RegistryFault(500, "UNKNOWN", "the stored content is damaged and is not served")
  }
  return new RegistryFault(500, "UNKNOWN", "the registry failed to serve the request")
}
