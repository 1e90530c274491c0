/** What a person does who follows an explanation: changes one field of one participant to what it says. */
import { toJson } from "#fidl";
import { BufferCollectionConstraints } from "#gen/fuchsia_sysmem2";
import type { Participant, Relaxation } from "#negotiate";
import { constraints, type JsonConstraints } from "./support.ts";

type Json = Record<string, unknown>;
interface Pair {
  readonly pixel_format: string;
  readonly pixel_format_modifier: string;
}

/** What an un-set half of a size stands for. */
const NEUTRAL: Readonly<Record<string, number>> = {
  min_size: 0,
  max_size: 0xffff_ffff,
  required_min_size: 0xffff_ffff,
  required_max_size: 0,
};

/** The participants after a relaxation, by nothing but what it says. */
export function relaxed(participants: readonly Participant[], relaxation: Relaxation): Participant[] {
  return participants.map((one) => {
    if (one.name !== relaxation.participant || one.constraints === undefined) return one;
    const json = toJson(BufferCollectionConstraints, one.constraints) as JsonConstraints;
    change(json, relaxation, one);
    return { ...one, constraints: constraints(json) };
  });
}

function change(json: JsonConstraints, { field, from, to }: Relaxation, one: Participant): void {
  if (field === "image_format_constraints") {
    changeFormats(json, from as unknown as Pair[], to as unknown as Pair[] | undefined, one);
    return;
  }
  const path = field.split(/[.[\]]+/).filter((part) => part !== "");
  const last = path.pop() ?? "";
  let at: Json = json;
  for (const part of path) at = at[part] as Json;
  if (to !== undefined) at[last] = to;
  else if (Array.isArray(at)) at.splice(Number(last), 1);
  else if (last === "color_spaces") at[last] = ["DO_NOT_CARE"];
  else if (last === "width" || last === "height") at[last] = NEUTRAL[path.at(-1) ?? ""] ?? 1;
  else delete at[last];
}

/** One pair more, or one less; what is added takes any color space. */
function changeFormats(
  json: JsonConstraints,
  from: readonly Pair[],
  to: readonly Pair[] | undefined,
  one: Participant,
): void {
  const key = (pair: Pair): string => `${pair.pixel_format} ${pair.pixel_format_modifier}`;
  if (to === undefined) {
    delete json.image_format_constraints;
    return;
  }
  const formats = (json.image_format_constraints ?? []) as Json[];
  const added = to.filter((pair) => !from.some((other) => key(other) === key(pair)));
  for (const pair of added) formats.push({ ...pair, color_spaces: ["DO_NOT_CARE"] });
  const gone = from.find((pair) => !to.some((other) => key(other) === key(pair)));
  if (gone !== undefined) {
    const at = formats.findIndex((format) => pairsOf(format, one).some((pair) => key(pair) === key(gone)));
    const { pixel_format: _, pixel_format_modifier: __, ...rest } = formats[at] ?? {};
    const left = pairsOf(formats[at] ?? {}, one).filter((pair) => key(pair) !== key(gone));
    formats.splice(at, 1, ...(left.length === 0 ? [] : [{ ...rest, pixel_format_and_modifiers: left }]));
  }
  json.image_format_constraints = formats;
}

function pairsOf(format: Json, { constraints: { usage = {} } = {} }: Participant): Pair[] {
  const pairs = [...((format.pixel_format_and_modifiers ?? []) as Pair[])];
  if (typeof format.pixel_format !== "string") return pairs;
  const isUsed = [usage.cpu, usage.vulkan, usage.display, usage.video].some((bits) => (bits ?? 0) !== 0);
  const implied = isUsed && format.pixel_format !== "DO_NOT_CARE" ? "LINEAR" : "DO_NOT_CARE";
  const modifier = typeof format.pixel_format_modifier === "string" ? format.pixel_format_modifier : implied;
  return [...pairs, { pixel_format: format.pixel_format, pixel_format_modifier: modifier }];
}
