/** The tests that a mutant has to get past: those that tell most in least time first. */
import "../sysmem/test/negotiate/examples.test.ts";
import "../sysmem/test/negotiate/layout.test.ts";
import "../sysmem/test/negotiate/arithmetic.test.ts";
import "../sysmem/test/negotiate/field-rules.test.ts";
import "../sysmem/test/negotiate/format-rules.test.ts";
import "../sysmem/test/negotiate/memory-rules.test.ts";
import "../sysmem/test/negotiate/size-rules.test.ts";
import "../sysmem/test/negotiate/reasons.test.ts";
import "../sysmem/test/negotiate/rules.test.ts";
import "../sysmem/test/negotiate/failures.test.ts";
import "../sysmem/test/negotiate/properties.test.ts";
