/** Words that a shell proposes. */
import { isSysmemError } from "#base";
import { inspect } from "./connection.ts";
import { safe } from "./words.ts";

/** Names and ids of the default server's collections; none where there is no server. */
export async function proposeCollections(partial: string): Promise<string[]> {
  try {
    const collections = await inspect(undefined, (inspection) => inspection.collections());
    const words = collections.flatMap(({ collectionId, name }) => [
      String(collectionId),
      ...(name ? [safe(name)] : []),
    ]);
    return [...new Set(words)].filter((word) => word.startsWith(partial));
  } catch (error) {
    // A shell has no place for messages.
    if (isSysmemError(error)) return [];
    throw error;
  }
}
