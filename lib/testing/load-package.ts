/** Loads a package that is only needed for the local Entra; rejects with the command that installs it. */
export async function loadPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw new Error(
      `The local Entra needs the package "${name}": npm install --save-dev @peculiar/x509 jsonwebtoken reflect-metadata`,
      { cause: error },
    );
  }
}
