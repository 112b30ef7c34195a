import type { TransportFault } from "./authority-faults.ts"

/** Milliseconds between two bytes of a trickle, and bytes of each chunk of what is huge. */
const TRICKLE_MS = 20
const CHUNK = 64 * 1024

/**
 * Answer with a fault of the way.
 *
 * @param good - what would be answered.
 * @param elsewhere - URL of another port of this host.
 */
export async function faultyAnswer(
  fault: TransportFault,
  request: Request,
  good: () => Promise<Response>,
  elsewhere: string,
): Promise<Response> {
  switch (fault) {
    case "hang":
      return new Promise<never>(() => undefined)
    case "trickle":
      return new Response(trickle())
    case "huge":
      return new Response(endless())
    case "garbage":
      return new Response("<html>this is not what you are looking for</html>", {
        headers: { "content-type": "text/html" },
      })
    case "status-500":
    case "status-404":
    case "status-206": {
      const { body, headers } = await good()
      return new Response(body, { status: Number(fault.slice("status-".length)), headers })
    }
    case "redirect-loopback":
      return redirect(`${elsewhere}${new URL(request.url).pathname}`)
    case "redirect-metadata":
      return redirect("http://169.254.169.254/latest/meta-data/")
    case "redirect-forever":
      return redirect(request.url)
  }
}

function redirect(location: string): Response {
  return new Response(null, { status: 307, headers: { location } })
}

/** What looks like the beginning of a document of 8 MiB, byte by byte. */
function trickle(): ReadableStream<Uint8Array> {
  let timer: NodeJS.Timeout | undefined
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(Uint8Array.of(0x30, 0x84, 0, 0x80, 0, 0))
      timer = setInterval(() => {
        controller.enqueue(Uint8Array.of(0x30))
      }, TRICKLE_MS)
    },
    cancel() {
      clearInterval(timer)
    },
  })
}

function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(Uint8Array.of(0x30, 0x84, 0x7f, 0xff, 0xff, 0xff))
    },
    pull(controller) {
      controller.enqueue(new Uint8Array(CHUNK))
    },
  })
}
