/**
 * Types of the undici modules imported by path. The package types its index alone, and loading the index costs 30 ms.
 * `undici-parts.test.ts` checks that the paths and the pinned version still fit.
 */
declare module "undici/lib/dispatcher/agent.js" {
  import type { Socket } from "node:net"

  namespace Agent {
    interface ConnectTarget {
      readonly hostname: string
      readonly protocol: string
      readonly port: string
    }
    type ConnectCallback = (...args: [error: null, socket: Socket] | [error: Error, socket: null]) => void
    interface Options {
      readonly connect: (target: ConnectTarget, callback: ConnectCallback) => void
      readonly allowH2: boolean
      readonly headersTimeout: number
      readonly bodyTimeout: number
      readonly keepAliveTimeout: number
      readonly keepAliveMaxTimeout: number
      readonly pipelining: number
    }
  }
  class Agent {
    constructor(options: Agent.Options)
    close(): Promise<void>
    destroy(error?: Error): Promise<void>
  }
  export = Agent
}

declare module "undici/lib/api/index.js" {
  import type { Readable } from "node:stream"
  import type Agent from "undici/lib/dispatcher/agent.js"

  namespace api {
    interface RequestOptions {
      readonly origin: string
      readonly path: string
      readonly method: string
      readonly headers: readonly string[]
      readonly body: Uint8Array | AsyncIterable<Uint8Array> | null
      readonly signal: AbortSignal
      readonly headersTimeout: number
      readonly bodyTimeout: number
      readonly responseHeaders: "raw"
    }
    interface ResponseData {
      readonly statusCode: number
      /** Names and values alternate. */
      readonly headers: readonly string[]
      readonly body: Readable
    }
  }
  const api: {
    readonly request: (this: Agent, options: api.RequestOptions) => Promise<api.ResponseData>
  }
  export = api
}
