/** Why a negotiation has no result, for people. */
import type { JSX } from "preact";
import type { Explanation, Relaxation } from "./api.ts";
import { clientName, fromJsonText, sentence } from "./format.ts";

/** Who demands what, why that cannot be, and what would have worked. `apply` makes one of these changes. */
export function ExplanationView(props: {
  explanation: Explanation;
  apply?: ((relaxation: Relaxation) => void) | undefined;
}): JSX.Element {
  const { explanation, apply } = props;
  const { summary, requirements, relaxations, children } = explanation;
  return (
    <div class="explanation">
      <p class="reason">{sentence(summary)}</p>
      {requirements.length > 0 && (
        <>
          <h3>These cannot all be had</h3>
          <div class="against">
            {requirements.map((one) => (
              <div key={`${one.participant}${one.field}`} class="demand">
                <h4>{clientName(one.participant)}</h4>
                <p>
                  requires <b>{one.text}</b>
                </p>
                <code class="conflicts">
                  {one.field} = {fromJsonText(one.value)}
                </code>
              </div>
            ))}
          </div>
        </>
      )}
      {relaxations.length > 0 && (
        <>
          <h3>What would have worked</h3>
          <ul class="relaxations">
            {relaxations.map((one) => (
              <li key={one.text} class={one.is_enough ? "enough" : undefined}>
                {sentence(one.text)}{" "}
                <span class="facts">{one.is_enough ? "enough by itself" : "not enough by itself"}</span>
                {apply !== undefined && (
                  <button
                    type="button"
                    class="try"
                    aria-label={`Try it: ${sentence(one.text)}`}
                    onClick={() => apply(one)}
                  >
                    Try it
                  </button>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
      {children.length > 0 && (
        <>
          <h3>Choices of the groups</h3>
          <ul class="children">
            {children.map((one) => (
              <li key={`${one.group}${one.child}`}>
                <b>{one.group}</b>, choice {one.child + 1}, {one.name}: {one.status}
                {one.summary !== undefined && <span class="facts"> {sentence(one.summary)}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
