// Unit tests inside WebAssembly. Each spec file is compiled with the engine's own files, asserts on.
export default {
  entries: ["test/unit/**/*.spec.ts"],
  include: ["test/unit/**/*.include.ts"],
  disclude: [/node_modules/],
  async instantiate(memory, createImports, instantiate, binary) {
    const imports = {
      env: { memory },
      host: {
        flush: () => undefined,
        clock: () => 0,
      },
    };
    return instantiate(binary, createImports(imports));
  },
  outputBinary: false,
};
