/** Graph walks without recursion: chains of declarations may be as long as a text. */

/**
 * Strongly connected components, each after those it leads to (Tarjan). A component of one node is a cycle only when the
 * node leads to itself.
 */
export function components<T>(nodes: readonly T[], edges: (node: T) => Iterable<T>): readonly (readonly T[])[] {
  const index = new Map<T, number>();
  const low = new Map<T, number>();
  const stack: T[] = [];
  const onStack = new Set<T>();
  const result: T[][] = [];
  const frames: { readonly node: T; readonly rest: Iterator<T> }[] = [];

  const open = (node: T): void => {
    index.set(node, index.size);
    low.set(node, index.get(node) as number);
    stack.push(node);
    onStack.add(node);
    frames.push({ node, rest: edges(node)[Symbol.iterator]() });
  };
  const lower = (node: T, value: number): void => {
    low.set(node, Math.min(low.get(node) as number, value));
  };

  for (const root of nodes) {
    if (index.has(root)) continue;
    open(root);
    while (frames.length > 0) {
      const { node, rest } = frames[frames.length - 1] as (typeof frames)[number];
      const step = rest.next();
      if (step.done !== true) {
        const next = step.value;
        if (!index.has(next)) open(next);
        else if (onStack.has(next)) lower(node, index.get(next) as number);
        continue;
      }
      frames.pop();
      const parent = frames[frames.length - 1]?.node;
      if (parent !== undefined) lower(parent, low.get(node) as number);
      if (low.get(node) !== index.get(node)) continue;
      const component: T[] = [];
      for (;;) {
        const member = stack.pop() as T;
        onStack.delete(member);
        component.push(member);
        if (member === node) break;
      }
      result.push(component.reverse());
    }
  }
  return result;
}

/** A shortest way from a node back to itself inside a component, the node at both ends. */
export function cycleThrough<T>(start: T, component: ReadonlySet<T>, edges: (node: T) => Iterable<T>): readonly T[] {
  const from = new Map<T, T>();
  const queue: T[] = [start];
  for (const node of queue) {
    for (const next of edges(node)) {
      if (next === start) {
        const path = [start];
        for (let at = node; at !== start; at = from.get(at) as T) path.push(at);
        return [...path, start].reverse();
      }
      if (!component.has(next) || from.has(next)) continue;
      from.set(next, node);
      queue.push(next);
    }
  }
  return [start, start];
}
