/** A file that nobody can hold in mind has two ideas in it. */
import { isGenerated, isScript } from "../common.mjs";

/** Lines at which a file has to be cut. Typical is 100; at 400 think. */
const MOST_LINES = 600;

/** Tables are read by looking up, not from top to bottom. Anything else that may be longer is named here with its reason. */
const EXCEPTIONS = [/\/tables?\//, /-table\.ts$/];

/** @type {import("../house.mjs").Rule} */
export const fileSize = {
  name: "file-size",
  applies: (path) => isScript(path) && !isGenerated(path) && !EXCEPTIONS.some((exception) => exception.test(path)),
  file({ path, text }) {
    const lines = text.trimEnd().split("\n").length;
    return lines <= MOST_LINES ? [] : [{ path, message: `${lines} lines, at most ${MOST_LINES}` }];
  },
};
