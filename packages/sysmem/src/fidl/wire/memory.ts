/** One buffer under all the views that the codecs use. */

/** Views of one zeroed buffer. Multi-byte views are in host order; `view` is for where that matters. */
export class WireMemory {
  readonly u8: Uint8Array;
  readonly i8: Int8Array;
  readonly u16: Uint16Array;
  readonly i16: Int16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly u64: BigUint64Array;
  readonly i64: BigInt64Array;
  readonly view: DataView;

  /** `capacity` must be a multiple of 8. */
  constructor(capacity: number) {
    const buffer = new ArrayBuffer(capacity);
    this.u8 = new Uint8Array(buffer);
    this.i8 = new Int8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i16 = new Int16Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.u64 = new BigUint64Array(buffer);
    this.i64 = new BigInt64Array(buffer);
    this.view = new DataView(buffer);
  }
}

/** The wire is little-endian; on other hosts only `view` may be used. */
export const isLittleEndianHost: boolean = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** Steps from the root of a value to where a codec is: member names and element indices. */
export type Path = (string | number)[];

/** `request.settings.heaps[2].id` */
export function formatPath(root: string, path: Path): string {
  let text = root;
  for (const step of path) text += typeof step === "number" ? `[${step}]` : `.${step}`;
  return text;
}
