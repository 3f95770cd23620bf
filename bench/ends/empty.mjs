// Nothing to import: what is left is what any import of a file costs.

export {};
