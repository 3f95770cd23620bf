declare module 'node-gyp-build' {
  /** Loads the addon of the package whose root this is: a prebuilt one, or build/Release. */
  export default function load(root: string): unknown;
}
