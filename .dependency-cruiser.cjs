// The layer rules of ARCHITECTURE.md. `tests/arch/imports.test.ts` runs them over `src` and over a fixture that must fail.
// `LAYER_ROOT` moves the rules to the fixture's tree.
const root = process.env.LAYER_ROOT || "src"
const at = (...folders) => folders.map((folder) => `^${root}/${folder}(/|\\.ts$)`)

/** Folder → folders it may import besides itself. */
const layers = {
  core: [],
  codec: ["core"],
  crypto: ["core", "codec"],
  "envelopes/dsse": ["core", "codec", "crypto"],
  "envelopes/bundle": ["core", "codec", "crypto", "envelopes/dsse", "envelopes/log-entry"],
  "envelopes/log-entry": ["core", "codec", "crypto", "envelopes/dsse"],
  "envelopes/trusted-root": ["core", "codec", "crypto"],
  "envelopes/trust-pack": ["core", "codec", "crypto", "envelopes/dsse"],
  "envelopes/jws": ["core", "codec", "crypto"],
  "envelopes/cose": ["core", "codec", "crypto"],
  "formats/index": ["core", "formats"],
  "formats/format": ["core"],
  trust: ["core", "codec", "crypto", "envelopes", "formats/format"],
  policy: ["core", "codec"],
  "io/net": ["core"],
  "io/registry": ["core", "codec", "crypto", "io/net", "io/system"],
  "io/stores": ["core", "codec", "crypto", "io/net", "io/registry"],
  "io/keys": ["core", "codec", "crypto", "io/net"],
  "io/services": [
    "core",
    "codec",
    "crypto",
    "envelopes/log-entry",
    "envelopes/trusted-root",
    "trust/tuf",
    "io/net",
    "io/system",
  ],
  "io/notation": ["core", "codec", "crypto", "io/net", "io/system"],
  "io/system": ["core", "codec"],
  app: [
    "core",
    "codec",
    "crypto",
    "envelopes/trust-pack",
    "envelopes/trusted-root",
    "formats/index",
    "formats/format",
    "trust",
    "policy",
  ],
  faces: ["core", "codec", "policy", "app"],
  servers: ["core", "codec", "crypto", "envelopes/dsse", "envelopes/log-entry", "envelopes/trusted-root", "app"],
  testing: ["core", "codec", "crypto", "servers", "app"],
}

const rules = Object.entries(layers).map(([folder, allowed]) => ({
  name: `layer-${folder.replaceAll("/", "-")}`,
  severity: "error",
  from: { path: at(folder), pathNot: "\\.test\\.ts$|\\.prop\\.ts$" },
  to: { path: `^${root}/`, pathNot: at(folder, ...allowed) },
}))

/** Folder with a folder for each family → what a family's folder may import besides itself, absent = what its layer may. */
const families = {
  formats: ["core", "codec", "crypto", "envelopes", "formats/format"],
  policy: undefined,
  app: undefined,
  faces: undefined,
}

/** Folders among the families' that all of them share. */
const shared = at("faces/command-line")

/** `$1` is the folder that imports: whatever its name, it sees itself and no neighbour. */
const familyRules = Object.entries(families).map(([folder, allowed]) => ({
  name: `family-${folder}`,
  severity: "error",
  from: { path: `^${root}/${folder}/([^/]+)/`, pathNot: "\\.test\\.ts$|\\.prop\\.ts$" },
  to: {
    path: allowed === undefined ? `^${root}/${folder}/[^/]+/` : `^${root}/`,
    pathNot: [`^${root}/${folder}/$1/`, ...shared, ...(allowed === undefined ? [] : at(...allowed))],
  },
}))

/** Folders that may import Node's own modules, and which. */
const mayUseNode = at("io", "servers", "testing", "bin", "library")

/** npm package → the only folder (or folders) that is its door. */
const doors = {
  undici: "io/net",
  hono: "servers",
  "@hono/node-server": "servers",
  pino: "servers",
  jose: ["io/services", "servers/sandbox"],
  re2js: "codec",
  // Its data alone, which the build writes into the program.
  "@sigstore/tuf": "io/services/tuf/shipped",
  yaml: "codec",
  cbor2: "codec",
  "modern-tar": "io/notation",
  yauzl: "io/notation",
  canonicalize: "codec",
  "@noble/ciphers": "crypto",
  "@noble/curves": "crypto",
}

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "no-testing-in-production",
      severity: "error",
      from: { path: `^${root}/`, pathNot: [...at("testing"), "\\.test\\.ts$"] },
      to: { path: at("testing") },
    },
    ...rules,
    ...familyRules,
    {
      name: "pure-layers-without-node",
      severity: "error",
      from: { path: `^${root}/`, pathNot: [...mayUseNode, ...at("crypto"), "\\.test\\.ts$"] },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "crypto-uses-node-crypto-only",
      severity: "error",
      from: { path: at("crypto"), pathNot: "\\.test\\.ts$" },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?crypto$" },
    },
    ...Object.entries(doors).map(([name, folders]) => ({
      name: `door-${name.replaceAll(/[@/]/g, "-")}`,
      severity: "error",
      from: { path: `^${root}/`, pathNot: [...at(...[folders].flat()), "\\.test\\.ts$"] },
      to: { path: `^node_modules/${name}/` },
    })),
    {
      name: "only-listed-packages",
      severity: "error",
      from: { path: `^${root}/`, pathNot: "\\.test\\.ts$" },
      to: { path: "^node_modules/", pathNot: Object.keys(doors).map((name) => `^node_modules/${name}/`) },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "node", "default"],
      extensions: [".ts", ".js"],
    },
  },
}
