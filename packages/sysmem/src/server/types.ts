/** The plain values that the core works with. */
import type { BufferCollectionConstraints, SingleBufferSettings } from "#gen/fuchsia_sysmem2";
import type { NegotiatedSettings } from "#negotiate";

export type { BufferCollectionConstraints, SingleBufferSettings };

/** What one `SetConstraints` brought. */
export interface ConstraintsEntry {
  /** Absent = takes part without constraints, gets no VMOs. */
  readonly constraints: BufferCollectionConstraints | undefined;
  /** Settings of the collection that `must_match_vmo` belongs to: the result must equal them. */
  readonly mustMatch: SingleBufferSettings | undefined;
}

/** What was decided for a collection. Kept for good: late attempts, `GetVmoInfo` and `must_match_vmo` compare with it. */
export interface CollectionSettings {
  readonly settings: NegotiatedSettings;
  readonly bufferCount: number;
}
