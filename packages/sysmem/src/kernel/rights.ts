/** Zircon rights that stand for what an open file description allows. */
import { Rights } from "#base";

export const READ_ONLY_VMO_RIGHTS: number =
  Rights.DUPLICATE | Rights.TRANSFER | Rights.WAIT | Rights.INSPECT | Rights.READ | Rights.MAP | Rights.GET_PROPERTY;

export const READ_WRITE_VMO_RIGHTS: number = READ_ONLY_VMO_RIGHTS | Rights.WRITE | Rights.SET_PROPERTY | Rights.SIGNAL;

/** Opened for writing only: nothing can be mapped from it. */
export const WRITE_ONLY_VMO_RIGHTS: number =
  Rights.DUPLICATE | Rights.TRANSFER | Rights.WAIT | Rights.INSPECT | Rights.WRITE;
