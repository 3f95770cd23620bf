/** Who counts a descriptor for as long as it has this owner. */
export interface FdAccount {
  /** With -1: one of them is closed, or has another owner. */
  count(amount: number): void;
}
