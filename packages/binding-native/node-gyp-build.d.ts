declare module 'node-gyp-build' {
  /** The file of the addon below this directory: in build/Release, or in prebuilds/. @throws where there is none */
  export function resolve(directory: string): string;
}
