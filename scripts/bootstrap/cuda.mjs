export async function compileCuda() {}
