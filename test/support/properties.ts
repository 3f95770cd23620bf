/** How many cases fast-check tries for each property: `fc.assert(property, propertyRuns)`. */
export const propertyRuns = { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 100) };
