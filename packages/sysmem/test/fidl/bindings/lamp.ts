/** A protocol with every kind of interaction, written as the generator would write it. */
import {
  type BindOptions,
  type CallOptions,
  type Client,
  enumType,
  type EnumType,
  type Handle,
  ObjectType,
  type Protocol,
  protocol,
  type Reply,
  type Result,
  type ResultPromise,
  Rights,
  type ServerCall,
  type ServerControl,
  type ServerEnd,
  type ServerHandlers,
  struct,
  table,
  type TypeCodec,
} from "#fidl";

export type LampError = 1 | 2;
export const LampError: EnumType<LampError, { readonly BROKEN: 1; readonly COLD: 2 }> = enumType({
  name: "example/LampError",
  isStrict: true,
  subtype: "uint32",
  members: { BROKEN: 1, COLD: 2 },
});

export interface Level {
  level: number;
}
export const Level: TypeCodec<Level> = struct<Level>({
  name: "example/Level",
  isResource: false,
  members: [{ name: "level", fidlName: "level", type: { kind: "uint32" } }],
});

export interface Parcel {
  name?: string | undefined;
  content?: Handle | undefined;
  child?: ServerEnd<LampClient> | undefined;
}
export const Parcel: TypeCodec<Parcel> = table<Parcel>({
  name: "example/Parcel",
  isResource: true,
  members: [
    { name: "name", fidlName: "name", ordinal: 1, type: { kind: "string", maxBytes: 8 } },
    {
      name: "content",
      fidlName: "content",
      ordinal: 2,
      type: { kind: "handle", objectType: ObjectType.EVENT, rights: Rights.SAME_RIGHTS },
    },
    {
      name: "child",
      fidlName: "child",
      ordinal: 3,
      type: { kind: "endpoint", role: "server", protocol: "example/Lamp" },
    },
  ],
});

export interface LampEvents {
  onChange: Level;
  onParcel: Parcel;
  onIdle: undefined;
}

export interface LampClient extends Client<LampEvents, "example/Lamp"> {
  setLevel(payload: Level): void;
  reset(): void;
  give(payload: Parcel): void;
  getLevel(options?: CallOptions): Promise<Level>;
  exchange(payload: Parcel, options?: CallOptions): ResultPromise<Parcel, LampError>;
  sync(options?: CallOptions): Promise<void>;
  dim(payload: Level, options?: CallOptions): ResultPromise<Record<never, never>, LampError>;
  strictSync(options?: CallOptions): Promise<void>;
  strictDim(payload: Level, options?: CallOptions): ResultPromise<Level, LampError>;
}

export interface LampServer extends ServerHandlers<LampEvents> {
  setLevel(payload: Level, control: ServerControl<LampEvents>): void;
  reset(control: ServerControl<LampEvents>): void;
  give(payload: Parcel, control: ServerControl<LampEvents>): void;
  getLevel(call: ServerCall<Level, never, LampEvents>): Reply<Level>;
  exchange(payload: Parcel, call: ServerCall<Parcel, LampError, LampEvents>): Reply<Result<Parcel, LampError>>;
  sync(call: ServerCall<undefined, never, LampEvents>): Reply<void>;
  dim(
    payload: Level,
    call: ServerCall<Record<never, never>, LampError, LampEvents>,
  ): Reply<Result<Record<never, never>, LampError>>;
  strictSync(call: ServerCall<undefined, never, LampEvents>): Reply<void>;
  strictDim(payload: Level, call: ServerCall<Level, LampError, LampEvents>): Reply<Result<Level, LampError>>;
}

const level = () => Level.descriptor;
const parcel = () => Parcel.descriptor;
const error = () => LampError.descriptor;

type Openness = "open" | "ajar" | "closed";

/** Ordinals: above 2^53, and two of them folding to the same key. */
export const ORDINALS = {
  setLevel: 0x0100_0000_0000_0001n,
  reset: 0x0200_0000_0000_0001n,
  give: 0x0300_0000_0000_0001n,
  getLevel: 0x0400_0000_0000_0001n,
  exchange: 0x0500_0000_0000_0001n,
  sync: 0x11ac_2555_cf57_5b54n,
  dim: 0x0623_0034_4b61_404en,
  strictSync: 0x7fff_ffff_ffff_fff1n,
  strictDim: 0x7fff_ffff_ffff_fff2n,
  onChange: 0x0600_0000_0000_0001n,
  onParcel: 0x0600_0000_0000_0002n,
  onIdle: 0x0600_0000_0000_0003n,
} as const;

export function makeLamp(openness: Openness): Protocol<LampClient, LampServer> {
  const base = (name: keyof typeof ORDINALS) => {
    const fidlName = name[0]!.toUpperCase() + name.slice(1);
    return { name, fidlName, selector: `example/Lamp.${fidlName}`, ordinal: ORDINALS[name] };
  };
  return protocol<LampClient, LampServer>({
    name: "example/Lamp",
    discoverableName: "example.Lamp",
    openness,
    methods: [
      { ...base("setLevel"), kind: "one-way", isStrict: true, request: level },
      { ...base("reset"), kind: "one-way", isStrict: false },
      { ...base("give"), kind: "one-way", isStrict: false, request: parcel },
      { ...base("getLevel"), kind: "two-way", isStrict: true, response: level },
      { ...base("exchange"), kind: "two-way", isStrict: false, request: parcel, response: parcel, error },
      { ...base("sync"), kind: "two-way", isStrict: false },
      { ...base("dim"), kind: "two-way", isStrict: false, request: level, error },
      { ...base("strictSync"), kind: "two-way", isStrict: true },
      { ...base("strictDim"), kind: "two-way", isStrict: true, request: level, response: level, error },
      { ...base("onChange"), kind: "event", isStrict: true, request: level },
      { ...base("onParcel"), kind: "event", isStrict: false, request: parcel },
      { ...base("onIdle"), kind: "event", isStrict: false },
    ],
  });
}

export const Lamp: Protocol<LampClient, LampServer> = makeLamp("open");

export type LampBindOptions = BindOptions<LampEvents>;
