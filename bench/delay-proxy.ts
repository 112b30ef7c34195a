/** A TCP proxy that holds every byte back by half a round trip in each direction. usage: delay-proxy.ts TARGET-PORT MS */
import { connect, createServer, type AddressInfo, type Socket } from "node:net"

const [targetPort, roundTrip] = process.argv.slice(2).map(Number)

function pipeLate(from: Socket, to: Socket, ms: number): void {
  from.on("data", (chunk) => {
    setTimeout(() => {
      if (to.writable) to.write(chunk)
    }, ms)
  })
  from.on("end", () => setTimeout(() => to.end(), ms))
  from.on("error", () => to.destroy())
}

const server = createServer({ noDelay: true }, (client) => {
  const half = (roundTrip ?? 0) / 2
  const upstream = connect({ port: targetPort ?? 0, host: "127.0.0.1", noDelay: true })
  pipeLate(client, upstream, half)
  pipeLate(upstream, client, half)
})

server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
