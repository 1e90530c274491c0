/** A participant's constraints as JSON. What is wrong is said at the line where it is. */
import type { JSX } from "preact";
import { useId } from "preact/hooks";
import type { Fault } from "./engine.ts";

/** The text grows with its lines, so that the mark of a line stays beside it. */
export function Editor(props: {
  text: string;
  label: string;
  isDisabled: boolean;
  fault: Fault | undefined;
  change: (text: string) => void;
}): JSX.Element {
  const { text, label, isDisabled, fault, change } = props;
  const faultId = useId();
  const lines = text.split("\n").length;
  const isWrong = fault !== undefined;
  return (
    <div class="editor">
      <ol class="line-numbers" aria-hidden="true">
        {Array.from({ length: lines }, (_, at) => (
          <li key={at} class={fault?.line === at + 1 ? "wrong" : undefined} />
        ))}
      </ol>
      <textarea
        aria-label={label}
        aria-invalid={isWrong}
        aria-errormessage={isWrong ? faultId : undefined}
        spellcheck={false}
        wrap="off"
        rows={lines}
        value={text}
        disabled={isDisabled}
        onInput={(event) => change(event.currentTarget.value)}
      />
      {isWrong && (
        <p id={faultId} class="fault" role="alert" ref={placeAt(fault.line)}>
          line {fault.line}: {fault.text}
        </p>
      )}
    </div>
  );
}

/** The page's policy allows styles by script, and none in the document. */
function placeAt(line: number): (element: HTMLElement | null) => void {
  return (element) => element?.style.setProperty("--line", String(line));
}
