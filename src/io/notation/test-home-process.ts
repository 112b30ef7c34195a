/** Run by a test as a process of its own: adds the key named to the list of the environment's configuration folder. */
import { systemClock } from "../system/clock.ts"
import { systemRandomness } from "../system/randomness.ts"
import { openNotationHome } from "./open-notation-home.ts"

const [name = "", slow] = process.argv.slice(2)
const silent = (): void => undefined
const home = openNotationHome({
  env: process.env,
  home: "",
  platform: process.platform,
  clock: systemClock,
  randomness: systemRandomness,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  logger: { debug: silent, info: silent, warn: silent },
  http: () => Promise.reject(new Error("no network in this test")),
})
await home.changeKeys((list) => {
  if (slow !== undefined) {
    process.stdout.write("changing\n")
    // Until it is killed.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  }
  return { ...list, keys: [...list.keys, { name, id: "1", pluginName: "p" }] }
})
