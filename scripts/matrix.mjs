/** The rows of lib/addon/matrix.ts as JSON, for the release workflow. Needs dist/. */
const { MATRIX, packageName } = await import('../dist/addon/matrix.js')

console.log(JSON.stringify({ include: MATRIX.map((row) => ({ ...row, package: packageName(row) })) }))
