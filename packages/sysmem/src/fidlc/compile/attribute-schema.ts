/** The official attributes: where they may be, and with which arguments. */

/** What an attribute can stand on, in the words that messages use. */
export type Placement =
  | "library"
  | "const"
  | "alias"
  | "enum"
  | "bits"
  | "struct"
  | "table"
  | "union"
  | "protocol"
  | "service"
  | "resource definition"
  | "method"
  | "composition"
  | "enum member"
  | "bits member"
  | "struct member"
  | "table member"
  | "union member"
  | "service member"
  | "resource property"
  | "unnamed layout";

export interface ArgumentSchema {
  readonly type: "string" | "version";
  readonly isRequired?: boolean;
  readonly needsLiteral?: boolean;
}

export interface AttributeSchema {
  /** Absent: everywhere. */
  readonly placements?: ReadonlySet<Placement>;
  readonly isNamedLayoutOnly?: boolean;
  readonly args: Readonly<Record<string, ArgumentSchema>>;
  readonly isObsolete?: string;
}

const on = (...placements: readonly Placement[]): ReadonlySet<Placement> => new Set(placements);
const LAYOUTS = on("struct", "table", "union", "unnamed layout");

export const ATTRIBUTES: ReadonlyMap<string, AttributeSchema> = new Map<string, AttributeSchema>([
  [
    "available",
    {
      isNamedLayoutOnly: true,
      args: {
        platform: { type: "string", needsLiteral: true },
        added: { type: "version" },
        deprecated: { type: "version" },
        removed: { type: "version" },
        replaced: { type: "version" },
        renamed: { type: "string", needsLiteral: true },
        note: { type: "string", needsLiteral: true },
      },
    },
  ],
  [
    "discoverable",
    {
      placements: on("protocol"),
      args: {
        name: { type: "string", needsLiteral: true },
        client: { type: "string", needsLiteral: true },
        server: { type: "string", needsLiteral: true },
      },
    },
  ],
  ["serializable", { placements: LAYOUTS, args: { read: { type: "string" }, write: { type: "string" } } }],
  ["doc", { args: { value: { type: "string", isRequired: true } } }],
  [
    "generated_name",
    { placements: on("unnamed layout"), args: { value: { type: "string", isRequired: true, needsLiteral: true } } },
  ],
  ["selector", { placements: on("method"), args: { value: { type: "string", isRequired: true, needsLiteral: true } } }],
  [
    "transport",
    { placements: on("protocol"), args: { value: { type: "string", isRequired: true, needsLiteral: true } } },
  ],
  ["unknown", { placements: on("enum member"), args: {} }],
  ["no_doc", { args: {} }],
  ["no_resource", { placements: on("protocol"), args: {} }],
  ["allow_deprecated_struct_defaults", { placements: on("struct member", "struct", "unnamed layout"), args: {} }],
  ["transitional", { args: { value: { type: "string" } }, isObsolete: "use '@available' and a flexible method" }],
  // Obsolete, but harmless on old texts.
  ["deprecated", { args: { value: { type: "string" } } }],
]);
