import { InvalidIrError } from "./errors.ts";
import type { IrStruct, JsonIr } from "./ir.ts";
import { declarable, moduleName, splitName, upperCamel } from "./names.ts";

/** How generated modules refer to others. */
export interface GenerateOptions {
  /** Module that the FIDL runtime and the handle types are imported from. Default: `sysmem/fidl`. */
  readonly runtime?: string;
  /** Module that handle types are imported from. Default: the runtime. */
  readonly handles?: string;
  /** How the name of a generated module ends where another imports it. Default: `.js`. */
  readonly importExtension?: ".js" | ".ts";
  /** What the header calls the tool. Default: `fidlc`. */
  readonly tool?: string;
}

/** Names of `JsonIr.declarations` kinds whose TypeScript name is in upper camel case. Constants keep theirs. */
const TYPE_KINDS = new Set(["bits", "enum", "struct", "table", "union", "alias", "protocol", "service", "new_type"]);

/** Exports of the runtime that exist at run time; everything else that generated code imports is a type. */
const RUNTIME_VALUES = new Set(["struct", "table", "union", "enumType", "bitsType", "protocol"]);
const HANDLE_TYPES = new Set(["Handle", "VmoHandle", "EventHandle", "EventPairHandle", "Channel"]);

/** What is appended to a protocol's name to name the interfaces that go with it. */
export type ProtocolSuffix = "Client" | "Server" | "Events" | "Methods" | "Handlers";

/**
 * One library while its module is written: finds declarations by name, gives them TypeScript names, and collects
 * which imports the text needs.
 */
export class Library {
  readonly ir: JsonIr;
  readonly options: GenerateOptions;
  /** TypeScript names of the declarations; see `#isTaken` for the others that the module declares. */
  readonly #declared: Set<string>;
  readonly #derived: Set<string>;
  readonly #imported = new Map<string, { from: string; isValue: boolean; local: string }>();
  readonly #namespaces = new Map<string, { local: string; isValue: boolean }>();
  readonly #structs: Map<string, IrStruct>;

  constructor(ir: JsonIr, options: GenerateOptions) {
    this.ir = ir;
    this.options = options;
    this.#declared = new Set(Object.keys(ir.declarations).map((name) => this.localName(name)));
    const suffixes: ProtocolSuffix[] = ["Client", "Server", "Events", "Methods", "Handlers"];
    this.#derived = new Set(
      ir.protocol_declarations.flatMap(({ name }) => suffixes.map((suffix) => this.reference(name, false, suffix))),
    );
    this.#structs = new Map(
      [...ir.struct_declarations, ...(ir.external_struct_declarations ?? [])].map((struct) => [struct.name, struct]),
    );
  }

  /** True when the module declares this name, so that an import or a global of the same name must be written otherwise. */
  #isTaken(name: string): boolean {
    return this.#declared.has(name) || this.#derived.has(name);
  }

  /** Kind of a declaration of this or an imported library, as in `JsonIr.declarations`. */
  kindOf(fullName: string): string {
    const { library } = splitName(fullName);
    const own = this.ir.declarations[fullName];
    const kind =
      own ?? this.ir.library_dependencies.find((item) => item.name === library)?.declarations[fullName]?.kind;
    if (kind === undefined) throw new InvalidIrError(this.ir.name, `${fullName} is used but not declared`);
    return kind;
  }

  /** The declaration of a struct; undefined for another library's struct that the IR does not repeat. */
  structNamed(fullName: string): IrStruct | undefined {
    return this.#structs.get(fullName);
  }

  /** TypeScript name of a declaration inside its own module. */
  localName(fullName: string): string {
    const { name } = splitName(fullName);
    return declarable(TYPE_KINDS.has(this.kindOf(fullName)) ? upperCamel(name) : name);
  }

  /**
   * How to write a declaration (of any library) here. `suffix` makes it one of the names derived from a protocol.
   * `isValue`: the reference is evaluated at run time, a type-only import does not do.
   */
  reference(fullName: string, isValue: boolean, suffix: ProtocolSuffix | "" = ""): string {
    const { library } = splitName(fullName);
    let name = `${this.localName(fullName)}${suffix}`;
    if (library === this.ir.name) return suffix !== "" && this.#declared.has(name) ? `${name}_` : name;
    const others = this.ir.library_dependencies.find((item) => item.name === library)?.declarations ?? {};
    if (suffix !== "" && Object.keys(others).some((other) => this.localName(other) === name)) name += "_";
    return `${this.#namespace(library, isValue)}.${name}`;
  }

  #namespace(library: string, isValue: boolean): string {
    let namespace = this.#namespaces.get(library);
    if (namespace === undefined) {
      const last = library.slice(library.lastIndexOf(".") + 1);
      const others = this.ir.library_dependencies.map((item) => item.name).filter((name) => name !== library);
      // The short name, unless the library itself or another import ends in the same component.
      const isShared = [this.ir.name, ...others].some((name) => name === last || name.endsWith(`.${last}`));
      const local = isShared || this.#isTaken(last) ? moduleName(library) : declarable(last);
      namespace = { local, isValue: false };
      this.#namespaces.set(library, namespace);
    }
    namespace.isValue ||= isValue;
    return namespace.local;
  }

  /** How to write an export of the runtime or of the base layer here. A library's own name of the same text wins. */
  runtime(name: string): string {
    let entry = this.#imported.get(name);
    if (entry === undefined) {
      const runtime = this.options.runtime ?? "sysmem/fidl";
      const from = HANDLE_TYPES.has(name) ? (this.options.handles ?? runtime) : runtime;
      const local = this.#isTaken(name) ? `$${name}` : name;
      entry = { from, isValue: RUNTIME_VALUES.has(name), local };
      this.#imported.set(name, entry);
    }
    return entry.local;
  }

  /** How to write a global such as `Promise`, which a declaration may shadow. */
  global(name: string): string {
    return this.#isTaken(name) ? `globalThis.${name}` : name;
  }

  /** The import lines for everything asked for so far. */
  imports(): string {
    const lines: string[] = [];
    const modules = [...new Set([...this.#imported.values()].map((entry) => entry.from))].sort();
    for (const from of modules) {
      const entries = [...this.#imported].filter(([, entry]) => entry.from === from);
      const isAllTypes = entries.every(([, entry]) => !entry.isValue);
      const names = entries
        .sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
        .map(([name, entry]) => {
          const renamed = entry.local === name ? name : `${name} as ${entry.local}`;
          return isAllTypes || entry.isValue ? renamed : `type ${renamed}`;
        });
      lines.push(
        `import ${isAllTypes ? "type " : ""}{\n${names.map((name) => `  ${name},\n`).join("")}} from "${from}";`,
      );
    }
    const extension = this.options.importExtension ?? ".js";
    for (const [library, namespace] of [...this.#namespaces].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const keyword = namespace.isValue ? "import" : "import type";
      lines.push(`${keyword} * as ${namespace.local} from "./${moduleName(library)}${extension}";`);
    }
    return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
  }
}
