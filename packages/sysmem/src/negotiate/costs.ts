export interface CostTable {
  readonly entries: readonly unknown[];
}
