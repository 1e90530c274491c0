/** The inspector: a page that shows a server's state, off unless asked for. */
export { type InspectorAddress, parseInspectorAddress } from "./address.ts";
export { type Inspector, type InspectorOptions, startInspector } from "./start.ts";
